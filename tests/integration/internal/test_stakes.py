"""Stakes as the tables hold them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from .conftest import Internal

ADDRESS = "0x" + "ab" * 20
OTHER = "0x" + "cd" * 20


async def add_stake(internal: Internal, staker: str, stakee: str, **columns: object) -> None:
    """Add a stake of 1 GTC on chain 1; `columns` differ from that."""
    row = {
        "chain": 1,
        "lock_time": datetime(2025, 1, 1, 12, tzinfo=UTC),
        "unlock_time": datetime(2025, 7, 1, 12, 30, 15, 5, tzinfo=UTC),
        "last_updated_in_block": Decimal(7),
        "current_amount": Decimal(1),
        **columns,
    }
    await internal.insert("stake_stake", staker=staker, stakee=stakee, **row)


async def add_event(internal: Internal, staker: str, address: str | None, round_id: int) -> None:
    """Add an event of 0.5 GTC."""
    await internal.insert(
        "registry_gtcstakeevent",
        event_type="SelfStake",
        round_id=round_id,
        staker=staker,
        address=address,
        amount=Decimal("0.5"),
        staked=True,
        block_number=1,
        tx_hash="0x00",
    )


async def test_stakes_of_and_on_an_address_once_each(internal: Internal) -> None:
    """A stake on oneself is listed once; those of others aren't listed."""
    for staker, stakee in ((ADDRESS, ADDRESS), (ADDRESS, OTHER), (OTHER, ADDRESS), (OTHER, OTHER)):
        await add_stake(internal, staker, stakee)
    items = (await internal.get(f"stake/gtc/{ADDRESS}")).json()["items"]
    assert [(item["staker"], item["stakee"]) for item in items] == [
        (ADDRESS, ADDRESS),
        (ADDRESS, OTHER),
        (OTHER, ADDRESS),
    ]
    assert items[0] == {
        "chain": 1,
        "staker": ADDRESS,
        "stakee": ADDRESS,
        "amount": "1.000000000000000000",
        "unlock_time": "2025-07-01T12:30:15.000005+00:00",
        "lock_time": "2025-01-01T12:00:00+00:00",
        "last_updated_in_block": 7,
    }


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("0", "0.000000000000000000"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("9" * 60 + "." + "9" * 18, "9" * 60 + "." + "9" * 18),
    ],
)
async def test_amounts_are_exact(internal: Internal, amount: str, written: str) -> None:
    """No amount becomes a float, or is written with an exponent; blocks are whole numbers."""
    block = Decimal(10**77)
    await add_stake(
        internal, ADDRESS, OTHER, current_amount=Decimal(amount), last_updated_in_block=block
    )
    (item,) = (await internal.get(f"stake/gtc/{ADDRESS}")).json()["items"]
    assert (item["amount"], item["last_updated_in_block"]) == (written, 10**77)


async def test_no_stakes_are_an_empty_list(internal: Internal) -> None:
    """An address without stakes is not an error."""
    answer = await internal.get(f"stake/gtc/{ADDRESS}")
    assert (answer.status_code, answer.json()) == (200, {"items": []})


async def test_a_wrong_checksum_is_refused(internal: Internal) -> None:
    """Stakes want a right checksum; earlier rounds don't."""
    mixed = "0x" + "aB" * 20
    answer = await internal.get(f"stake/gtc/{mixed}")
    assert (answer.status_code, answer.json()) == (400, {"detail": "Invalid address."})
    assert (await internal.get(f"stake/legacy-gtc/{mixed}/1")).status_code == 200


async def test_events_of_the_round_only(internal: Internal) -> None:
    """Events of and on the address in this round; an event may have no address."""
    await add_event(internal, ADDRESS, None, 1)
    await add_event(internal, OTHER, ADDRESS, 1)
    await add_event(internal, OTHER, None, 1)
    await add_event(internal, ADDRESS, ADDRESS, 2)
    results = (await internal.get(f"stake/legacy-gtc/{ADDRESS}/1")).json()["results"]
    assert [(one["staker"], one["address"]) for one in results] == [
        (ADDRESS, None),
        (OTHER, ADDRESS),
    ]
    assert results[0]["amount"] == "0.500000000000000000"


@pytest.mark.parametrize(
    ("round_id", "status"),
    [
        ("0", 200),
        ("-1", 200),
        (str(2**31 - 1), 200),
        (str(2**31), 422),
        (str(2**63), 422),
        ("one", 422),
        ("1.0", 422),
    ],
)
async def test_rounds_are_whole_numbers(internal: Internal, round_id: str, status: int) -> None:
    """A number that no column can hold is refused, and so is text."""
    answer = await internal.get(f"stake/legacy-gtc/{ADDRESS}/{round_id}")
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {"results": []}
