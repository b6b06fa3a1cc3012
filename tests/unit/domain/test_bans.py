"""The ban that applies to a credential."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.bans import (
    Ban,
    NoCredentials,
    SeveralAddresses,
    Subject,
    banned_address,
    first_bans,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ADDRESS = "0x" + "ab" * 20
DID = f"did:pkh:eip155:1:{ADDRESS}"
OTHER = "0x" + "cd" * 20


def subject(provider: str | None = "Google", nullifier: str | None = "v0.0.0:a") -> Subject:
    """The subject of a credential about the address."""
    return Subject(DID, provider, nullifier)


def ban(
    ban_id: int = 1,
    kind: str = "account",
    *,
    address: str = "",
    provider: str = "",
    nullifier: str = "",
    end_time: datetime | None = None,
) -> Ban:
    """A ban; other members are empty."""
    return Ban(ban_id, kind, address, provider, nullifier, end_time, None)


def decided(asked: Subject, *bans: Ban, address: str = ADDRESS) -> int | None:
    """The id of the ban that applies to one credential."""
    (found,) = first_bans([asked], address, bans, NOW)
    return found.id if found else None


def test_the_address_is_the_last_part_of_the_id_in_lower_case() -> None:
    """Ids that differ in letter case only are about the same address."""
    asked = [Subject(DID, None, None), Subject(DID.upper(), None, None)]
    assert banned_address(asked) == ADDRESS


def test_an_id_without_colons_is_an_address() -> None:
    """The last part of a text without colons is all of it."""
    assert banned_address([Subject(ADDRESS, None, None)]) == ADDRESS


@pytest.mark.parametrize("ids", [[], [None], [""], [DID, None], [DID, ""]])
def test_no_credential_or_no_id_is_refused(ids: list[str | None]) -> None:
    """There must be a credential, and each must have an id."""
    with pytest.raises(NoCredentials) as refused:
        banned_address([Subject(one, None, None) for one in ids])
    assert refused.value.message == "Must provide valid credential(s)"


def test_two_addresses_are_refused() -> None:
    """All credentials must be about one address."""
    with pytest.raises(SeveralAddresses) as refused:
        banned_address([Subject(DID, None, None), Subject(DID[:-1] + "0", None, None)])
    assert refused.value.message == "All credentials must be issued to the same address"


MATCHES = [
    (ban(kind="account", address=ADDRESS.upper()), subject(), True),
    (ban(kind="single_stamp", address="0x" + "aB" * 20, provider="Google"), subject(), True),
    (ban(kind="single_stamp", address=ADDRESS, provider="GOOGLE"), subject(), False),
    (ban(kind="account", address=ADDRESS), subject(), True),
    (ban(kind="account", address=OTHER), subject(), False),
    (ban(kind="account", address=ADDRESS, provider="Google"), subject(), False),
    (ban(kind="hash", nullifier="v0.0.0:a"), subject(), True),
    (ban(kind="hash", nullifier="v0.0.0:a", address=OTHER), subject(), True),
    (ban(kind="hash", nullifier="v0.0.0:A"), subject(), False),
    (ban(kind="hash", nullifier="v0.0.0:a"), subject(nullifier=None), False),
    (ban(kind="hash", nullifier=""), subject(nullifier=None), False),
    (ban(kind="hash", nullifier=""), subject(nullifier=""), False),
    (ban(kind="single_stamp", address=ADDRESS, provider="Google"), subject(), True),
    (ban(kind="single_stamp", address=ADDRESS, provider="Ens"), subject(), False),
    (ban(kind="single_stamp", address=OTHER, provider="Google"), subject(), False),
    (ban(kind="single_stamp", address=ADDRESS, provider=""), subject(provider=""), False),
    (ban(kind="single_stamp", address=ADDRESS, provider=""), subject(provider=None), False),
    (ban(kind="single_stamp", nullifier="v0.0.0:a"), subject(), False),
    (ban(kind="account", nullifier="v0.0.0:a"), subject(), False),
    (ban(kind="another", address=ADDRESS, nullifier="v0.0.0:a"), subject(), False),
]


@pytest.mark.parametrize(("one", "asked", "matches"), MATCHES)
def test_each_type_of_ban_has_its_own_target(one: Ban, asked: Subject, matches: bool) -> None:
    """The type of a ban says which member must match; an empty one never does."""
    assert decided(asked, one) == (1 if matches else None)


def test_no_address_is_banned_by_no_account_ban() -> None:
    """A ban without address doesn't match an id that ends in a colon."""
    assert decided(subject(), ban(kind="account", address=""), address="") is None


@pytest.mark.parametrize(
    ("end_time", "counts"),
    [(None, True), (NOW + timedelta(microseconds=1), True), (NOW, False)],
)
def test_a_ban_counts_until_it_ends(end_time: datetime | None, counts: bool) -> None:
    """A ban that ends now has ended; one without an end has not."""
    found = decided(subject(), ban(kind="account", address=ADDRESS, end_time=end_time))
    assert (found == 1) is counts


def test_an_ended_ban_hides_no_later_one() -> None:
    """A ban that has ended does not apply."""
    ended = ban(1, "account", address=ADDRESS, end_time=NOW)
    assert decided(subject(), ended, ban(2, "account", address=ADDRESS)) == 2


@given(st.permutations([3, 4, 5]))
def test_the_first_in_the_table_decides(ids: list[int]) -> None:
    """The matching ban with the lowest id applies, of any type and in any order."""
    bans = [
        ban(ids[0], "account", address=ADDRESS),
        ban(ids[1], "hash", nullifier="v0.0.0:a"),
        ban(ids[2], "single_stamp", address=ADDRESS, provider="Google"),
    ]
    assert decided(subject(), *bans) == 3


def test_each_credential_gets_its_own_answer_in_order() -> None:
    """Credentials of one call don't share bans that name only one of them."""
    asked = [subject("Ens", None), subject("Google", None), subject("Ens", "v0.0.0:a")]
    bans = [
        ban(1, "hash", nullifier="v0.0.0:a"),
        ban(2, "single_stamp", address=ADDRESS, provider="Google"),
    ]
    found = first_bans(asked, ADDRESS, bans, NOW)
    assert [one and one.id for one in found] == [None, 2, 1]
