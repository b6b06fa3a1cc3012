"""Contributions as the tables hold them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from .conftest import Internal

ADDRESS = "0x" + "ab" * 20
NOTHING = {"num_grants_contribute_to": 0.0, "total_contribution_amount": 0.0}
ROUND = "0x" + "55" * 20
OTHER_ROUND = "0x" + "66" * 20


async def statistics(internal: Internal, address: str = ADDRESS) -> dict[str, float]:
    """Return the endpoint's statistics of the address."""
    answer = await internal.get(f"cgrants/contributor_statistics?address={address}")
    assert answer.status_code == 200, answer.text
    found: dict[str, float] = answer.json()
    return found


async def add_grants(internal: Internal) -> None:
    """Add three grants, a contribution that succeeded (1) and one that didn't (2)."""
    await internal.execute(
        """
        INSERT INTO cgrants_profile (id, handle, data) VALUES (1, 'somebody', '{}');
        INSERT INTO cgrants_grant
        SELECT id, false, true, true, '{}', 1 FROM generate_series(1, 3) AS g (id);
        INSERT INTO cgrants_subscription VALUES (1, '{}', 1, 1, true);
        INSERT INTO cgrants_contribution VALUES (1, '{}', 1, true, 1), (2, '{}', 1, false, 1)
        """
    )


async def contribute(
    internal: Internal, grant_id: int, amount: str, contribution_id: int | None = 1
) -> None:
    """Add a contribution of the address to a grant."""
    await internal.insert(
        "cgrants_grantcontributionindex",
        amount=Decimal(amount),
        contribution_id=contribution_id,
        grant_id=grant_id,
        profile_id=1,
        contributor_address=ADDRESS,
    )


async def contribute_by_protocol(
    internal: Internal, project: str, amount: str, grants_round: str = ROUND
) -> None:
    """Add a contribution of the address by the protocol."""
    await internal.execute(
        f"""
        INSERT INTO cgrants_protocolcontributions
            (ext_id, contributor, round, project, amount, data)
        SELECT 'tx' || count(*), '{ADDRESS}', '{grants_round}', '{project}', {amount}, '{{}}'
        FROM cgrants_protocolcontributions
        """
    )


async def squelch(internal: Internal, number: str) -> None:
    """Squelch the address in the rounds of a number."""
    await internal.insert(
        "cgrants_squelchedaccounts",
        address=ADDRESS,
        score_when_squelched=Decimal(0),
        sybil_signal=False,
        round_number=number,
    )


async def test_an_address_that_has_given_nothing_has_zeros(internal: Internal) -> None:
    """Nothing found: zeros."""
    assert await statistics(internal) == NOTHING


async def test_successful_contributions_count_once_for_each_grant(internal: Internal) -> None:
    """Contributions that failed, or that belong to none, don't count."""
    await add_grants(internal)
    await contribute(internal, 1, "1.25")
    await contribute(internal, 1, "2.5")
    await contribute(internal, 2, "0.001")
    await contribute(internal, 3, "100", 2)
    await contribute(internal, 3, "100", None)
    assert await statistics(internal) == {
        "num_grants_contribute_to": 2.0,
        "total_contribution_amount": 3.75,
    }


async def test_protocol_contributions_count_from_a_least_amount_on(internal: Internal) -> None:
    """Each contribution must be of at least 0.95; projects are counted once."""
    await contribute_by_protocol(internal, "a", "0.95")
    await contribute_by_protocol(internal, "a", "1")
    await contribute_by_protocol(internal, "b", "0.949999999999999999")
    assert await statistics(internal) == {
        "num_grants_contribute_to": 1.0,
        "total_contribution_amount": 1.95,
    }


async def test_squelched_rounds_are_left_out(internal: Internal) -> None:
    """A round counts unless the address is squelched in it, by any of its mappings."""
    await contribute_by_protocol(internal, "a", "5")
    await contribute_by_protocol(internal, "b", "7", OTHER_ROUND)
    await squelch(internal, "GG18")
    assert (await statistics(internal))["total_contribution_amount"] == 12.0  # maps to no round
    for grants_round in (ROUND, "0x" + "77" * 20):
        await internal.insert(
            "cgrants_roundmapping", round_number="GG18", round_eth_address=grants_round
        )
    assert await statistics(internal) == {
        "num_grants_contribute_to": 1.0,
        "total_contribution_amount": 7.0,
    }


async def test_squelching_twice_changes_nothing(internal: Internal) -> None:
    """Rows that say the same leave a round out once, and no other contribution twice."""
    await contribute_by_protocol(internal, "b", "7", OTHER_ROUND)
    for number in ("GG18", "GG18", "GG19"):
        await squelch(internal, number)
    await internal.insert("cgrants_roundmapping", round_number="GG18", round_eth_address=ROUND)
    await internal.insert("cgrants_roundmapping", round_number="GG19", round_eth_address=ROUND)
    assert (await statistics(internal))["total_contribution_amount"] == 7.0


async def test_both_sources_are_rounded_and_added(internal: Internal) -> None:
    """The protocol's sum is rounded to 3 decimals before the total is rounded to 2."""
    await add_grants(internal)
    await contribute(internal, 1, "0.0005")
    await contribute_by_protocol(internal, "a", "1.0045")
    found = await statistics(internal, ADDRESS.upper().replace("0X", "0x"))
    assert found == {"num_grants_contribute_to": 2.0, "total_contribution_amount": 1.0}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("?address=", 400),
        (f"?address={ADDRESS}%00", 400),
        ("?address=0x" + "aB" * 20, 400),
        (f"?address={ADDRESS}&address={ADDRESS}", 422),
    ],
)
async def test_the_address_must_be_one(internal: Internal, query: str, status: int) -> None:
    """A missing or repeated address is a different error from an invalid one."""
    answer = await internal.get(f"cgrants/contributor_statistics{query}")
    assert answer.status_code == status
