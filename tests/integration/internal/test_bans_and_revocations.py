"""Bans and revocations as the tables hold them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from .conftest import Internal

ADDRESS = "0x" + "ab" * 20
DID = f"did:pkh:eip155:1:{ADDRESS}"
YEAR_2099 = datetime(2099, 1, 1, tzinfo=UTC)


async def add_ban(internal: Internal, kind: str, **columns: object) -> None:
    """Add a ban; omitted columns are empty."""
    row = {"provider": "", "hash": "", "address": "", "created_at": YEAR_2099, **columns}
    await internal.insert("ceramic_cache_ban", type=kind, **row)


def credential(**subject: object) -> dict[str, Any]:
    """A credential about the address."""
    return {"credentialSubject": {"id": DID, **subject}, "more": "is ignored"}


async def test_bans_are_found_by_address_and_by_hash(internal: Internal) -> None:
    """Each type of ban is found, also for an id in upper case; answers are in the order asked."""
    await add_ban(internal, "hash", hash="v0.0.0:bad", reason="farmed", end_time=YEAR_2099)
    await add_ban(internal, "single_stamp", address=ADDRESS, provider="Google")
    answer = await internal.post(
        "check-bans",
        [
            credential(hash="v0.0.0:good", provider="Ens"),
            credential(hash="v0.0.0:bad", provider="Google", id=DID.upper()),
            credential(provider="Google"),
            credential(hash=None),
        ],
    )
    none = {"is_banned": False, "end_time": None, "ban_type": None, "reason": None}
    assert answer.json() == [
        {"hash": "v0.0.0:good", **none},
        {
            "hash": "v0.0.0:bad",
            "is_banned": True,
            "end_time": "2099-01-01T00:00:00Z",
            "ban_type": "hash",
            "reason": "farmed",
        },
        {
            "hash": None,
            "is_banned": True,
            "end_time": None,
            "ban_type": "single_stamp",
            "reason": None,
        },
        {"hash": None, **none},
    ]


@pytest.mark.parametrize(
    ("microsecond", "written"),
    [(0, "2099-01-01T00:00:00Z"), (120_999, "2099-01-01T00:00:00.120Z")],
)
async def test_the_end_is_written_with_milliseconds_where_there_are_any(
    internal: Internal, microsecond: int, written: str
) -> None:
    """The end of a ban has a notation of its own."""
    end_time = YEAR_2099.replace(microsecond=microsecond)
    await add_ban(internal, "account", address=ADDRESS, end_time=end_time)
    ((answer),) = (await internal.post("check-bans", [credential()])).json()
    assert answer["end_time"] == written


MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # with its EIP-55 checksum


@pytest.mark.parametrize("kind", [{"kind": "account"}, {"kind": "single_stamp", "provider": "Ens"}])
@pytest.mark.parametrize("written", [MIXED, MIXED.lower(), "0x" + MIXED[2:].upper()])
@pytest.mark.parametrize("asked", [MIXED, MIXED.lower(), MIXED.upper(), MIXED.swapcase()])
async def test_addresses_are_compared_without_case_on_both_sides(
    internal: Internal, kind: dict[str, str], written: str, asked: str
) -> None:
    """Rows that others have written may have the checksum, and so may ids."""
    await add_ban(internal, address=written, **kind)
    sent = [credential(provider="Ens", id=f"did:pkh:eip155:1:{text}") for text in (asked, MIXED)]
    answer = await internal.post("check-bans", sent)
    assert [each["is_banned"] for each in answer.json()] == [True, True]


async def test_a_ban_that_has_ended_does_not_count(internal: Internal) -> None:
    """A ban that ended yesterday doesn't count."""
    await add_ban(internal, "account", address=ADDRESS, end_time=datetime(2020, 1, 1, tzinfo=UTC))
    ((answer),) = (await internal.post("check-bans", [credential()])).json()
    assert answer["is_banned"] is False


async def test_an_id_without_an_address_matches_no_ban(internal: Internal) -> None:
    """Bans with an empty address are not those of an id that ends in a colon."""
    await add_ban(internal, "account")
    ((answer),) = (await internal.post("check-bans", [credential(id="did:")])).json()
    assert answer["is_banned"] is False


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ([{"credentialSubject": {}}], 400),
        ([{"credentialSubject": {"id": None}}], 400),
        ([{"credentialSubject": {"id": ""}}], 400),
        ([credential(), credential(id=DID + "0")], 400),
        ({}, 422),
        (None, 422),
        ([None], 422),
        ([{}], 422),
        ([credential(id=5)], 422),
        ([credential(hash=["a"])], 422),
        ([credential(hash="a\0")], 422),
        ([credential(id="\0")], 422),
        ([credential(provider="\0")], 422),
        ([credential(hash="\ud800")], 422),
        ([credential(hash="a" * 100, provider="b" * 256)], 200),
        ([credential(hash="a" * 101)], 422),
        ([credential(provider="b" * 257)], 422),
        ([credential(id="c" * 257)], 422),
        ([credential()] * 1000, 200),
        ([credential()] * 1001, 422),
        ([credential()] * 10_000, 422),
    ],
)
async def test_bodies_of_any_kind_have_a_proper_answer(
    internal: Internal, body: object, status: int
) -> None:
    """An invalid request is refused; a value that the tables can't hold is not found."""
    answer = await internal.post("check-bans", body)
    assert answer.status_code == status, answer.text


async def test_revocations_are_answered_in_order_and_repeated(reference: Internal) -> None:
    """A value that is asked twice is answered twice."""
    revoked = (
        "0x674ba10126f8ab116ddbb66e419011a26f01ede6d11bf475bc4cbc6b83b98a2f"
        "229b587045f30e9e161673a21b74c50129d6d36f826493deb7832a6235a633511b"
    )
    same = [revoked, revoked.upper(), revoked[2:], revoked[:-2] + "00", revoked.swapcase()]
    others = ["0x", "", "x" * 256, revoked[:-2] + "1c", revoked + "00"]
    asked = [*same, *others, *same]
    answer = await reference.post("check-revocations", {"proof_values": asked})
    assert answer.json() == [{"proof_value": value, "is_revoked": value in same} for value in asked]


@pytest.mark.parametrize("written", ["upper", "v", "both", "nonsense"])
async def test_revocations_that_others_have_written_otherwise_are_found(
    reference: Internal, written: str
) -> None:
    """A revocation's own text may be in upper case or have v as 0; or its stamp's row tells."""
    proof_value = await reference.value("SELECT proof_value FROM ceramic_cache_revocation")
    other = proof_value[:-2] + "00"
    texts = {
        "upper": "0x" + proof_value[2:].upper(),
        "v": other,
        "both": other.upper(),
        "nonsense": "see the ticket",
    }
    await reference.execute(f"UPDATE ceramic_cache_revocation SET proof_value = '{texts[written]}'")
    answer = await reference.post("check-revocations", {"proof_values": [proof_value, other]})
    assert [each["is_revoked"] for each in answer.json()] == [True, True]


@pytest.mark.parametrize(
    ("proof_values", "status"),
    [
        ([], 200),
        (["0x"] * 100, 200),
        (["0x"] * 101, 422),
        (["\0"], 422),
        (["x" * 257], 422),
        ([1], 422),
        (None, 422),
    ],
)
async def test_up_to_a_hundred_revocations(
    internal: Internal, proof_values: object, status: int
) -> None:
    """A hundred values may be asked, each a text."""
    answer = await internal.post("check-revocations", {"proof_values": proof_values})
    assert answer.status_code == status
    if proof_values == ["0x"] * 101:
        assert answer.json() == {"detail": "You have submitted too many stamps."}
