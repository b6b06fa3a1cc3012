"""Which stamps count before deduplication."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.credential import Credential
from passport_scorer.domain.stamps import (
    LONGEST_NULLIFIER,
    RejectedStamp,
    Rejection,
    Stamp,
    StampPolicy,
    StoredStamp,
    examine,
    linked_nullifiers,
    valid_stamps,
)

ADDRESS = "0x4f0f596e6fafa901f0a803b18a9713964742bcaf"
ISSUER = "did:ethr:0x1"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = StampPolicy(frozenset({ISSUER}))
GENUINE = Credential(
    issuer=ISSUER,
    subject_id=f"did:pkh:eip155:1:{ADDRESS}",
    provider="Google",
    nullifiers=("v0:a", "v1:b"),
    has_nullifiers=True,
    expiration_date="2026-06-01T00:00:00.000Z",
    expires_at=datetime(2026, 6, 1, tzinfo=UTC),
)


def stored(credential: Credential | None = GENUINE, **changes: Any) -> StoredStamp:
    """A row of the stamp store with a credential, and with changes to it."""
    if credential and changes:
        credential = msgspec.structs.replace(credential, **changes)
    return StoredStamp(1, "1", "Google", credential, None)


def examined(policy: StampPolicy = POLICY, **changes: Any) -> Stamp | Rejection:
    """Return the result for a genuine stamp with changes to it."""
    return outcome(stored(**changes), policy)


def outcome(stamp: StoredStamp, policy: StampPolicy = POLICY) -> Stamp | Rejection:
    """Return the result for a stamp now."""
    counting, rejected = valid_stamps([examine(stamp, ADDRESS, policy)], NOW)
    return counting[0] if counting else rejected[0].reason


def test_a_genuine_stamp_counts() -> None:
    """A stamp that nothing speaks against counts, with what its credential says."""
    assert examined() == Stamp(
        source=stored(),
        provider="Google",
        nullifiers=("v0:a", "v1:b"),
        expires_at=GENUINE.expires_at,
        expiration_date="2026-06-01T00:00:00.000Z",
        expiration_shown="2026-06-01T00:00:00+00:00",
        last_nullifier="v1:b",
    )


@pytest.mark.parametrize(
    ("changes", "rejection"),
    [
        ({"issuer": "did:ethr:0x2"}, Rejection.ISSUER),
        ({"issuer": ""}, Rejection.ISSUER),
        ({"issuer": ISSUER.upper()}, Rejection.ISSUER),
        ({"expires_at": NOW}, Rejection.EXPIRED),
        ({"expires_at": NOW - timedelta(days=1)}, Rejection.EXPIRED),
        ({"provider": "Github"}, Rejection.PROVIDER),
        ({"provider": "google"}, Rejection.PROVIDER),
        ({"provider": ""}, Rejection.PROVIDER),
        ({"provider": None}, Rejection.PROVIDER),
        ({"subject_id": "did:pkh:eip155:1:0x" + "0" * 40}, Rejection.SUBJECT),
        ({"subject_id": f"did:pkh:eip155:10:{ADDRESS}"}, Rejection.SUBJECT),
        ({"subject_id": ADDRESS}, Rejection.SUBJECT),
        ({"subject_id": f"did:pkh:eip155:1:{ADDRESS} "}, Rejection.SUBJECT),
        ({"nullifiers": ()}, Rejection.NULLIFIERS),
        ({"nullifiers": ("v0:a", "x" * (LONGEST_NULLIFIER + 1))}, Rejection.NULLIFIERS),
        ({"nullifiers": ("v0:a", "v1:\0")}, Rejection.NULLIFIERS),
    ],
)
def test_a_flaw_is_enough_to_be_left_out(changes: dict[str, Any], rejection: Rejection) -> None:
    """A stamp with a single flaw doesn't count, and the reason says which."""
    assert examined(**changes) is rejection


@pytest.mark.parametrize(
    "changes",
    [
        {"subject_id": GENUINE.subject_id.upper()},
        {"subject_id": f"did:pkh:eip155:1:0x{ADDRESS[2:].upper()}"},
        {"expires_at": NOW + timedelta(microseconds=1)},
        {"nullifiers": ("x" * LONGEST_NULLIFIER,)},
    ],
)
def test_accepted_variations(changes: dict[str, Any]) -> None:
    """The subject's letter case doesn't matter; limits are met up to the last bit."""
    assert isinstance(examined(**changes), Stamp)


def test_checks_are_made_in_the_documented_order() -> None:
    """Of several flaws the first in the documented order is the reason."""
    reasons = [outcome(stored(None))]
    flawed: dict[str, Any] = {
        "issuer": "did:ethr:0x2",
        "expires_at": NOW,
        "provider": None,
        "subject_id": "",
        "nullifiers": (),
    }
    while flawed:
        reasons.append(outcome(stored(**flawed)))
        del flawed[next(iter(flawed))]
    assert reasons == list(Rejection)


def test_no_issuer_is_trusted_by_default() -> None:
    """Without trusted issuers no stamp counts."""
    assert examined(StampPolicy(frozenset())) is Rejection.ISSUER


def test_without_multiple_nullifiers_only_those_that_start_with_v0_are_linked() -> None:
    """The switch is about deduplication alone: a stamp without such a nullifier counts."""
    policy = StampPolicy(frozenset({ISSUER}), multi_nullifier=False)
    several = examined(policy)
    assert isinstance(several, Stamp)
    assert (several.nullifiers, several.last_nullifier) == (("v0:a",), "v1:b")
    for nullifiers in (("v1:b",), ("",), ("v1:" + "x" * LONGEST_NULLIFIER, "v1:b")):
        unlinked = examined(policy, nullifiers=nullifiers)
        assert isinstance(unlinked, Stamp)
        assert unlinked.nullifiers == ()
    assert examined(policy, nullifiers=()) is Rejection.NULLIFIERS
    assert examined(policy, nullifiers=("v0" + "x" * LONGEST_NULLIFIER,)) is Rejection.NULLIFIERS


@pytest.mark.parametrize(
    ("nullifiers", "has_nullifiers", "last"),
    [
        (("v0:a", "v1:b"), True, "v1:b"),
        (("v0:a", ""), True, "v0:a"),
        (("",), True, None),
        (("v0:a",), False, None),
    ],
)
def test_the_last_nullifier(
    nullifiers: tuple[str, ...], has_nullifiers: bool, last: str | None
) -> None:
    """The last nullifier that isn't empty; a hash is not one."""
    stamp = examined(nullifiers=nullifiers, has_nullifiers=has_nullifiers)
    assert isinstance(stamp, Stamp)
    assert stamp.last_nullifier == last


@given(nullifiers=st.lists(st.sampled_from(["v0:a", "v0:b", "v1:a", "v1:b", ""])))
def test_each_nullifier_is_linked_once_in_its_place(nullifiers: list[str]) -> None:
    """No nullifier is repeated or invented, and those of v0 are among all."""
    every = linked_nullifiers(nullifiers, multi_nullifier=True)
    assert list(every) == sorted(set(nullifiers), key=nullifiers.index)
    assert linked_nullifiers(nullifiers, multi_nullifier=False) == tuple(
        nullifier for nullifier in every if nullifier.startswith("v0")
    )


def test_a_bad_stamp_leaves_the_others_alone() -> None:
    """Each stamp is either among those that count or among the rejected."""
    bad = StoredStamp(2, "1", "Github", None, None)
    examined = [examine(stamp, ADDRESS, POLICY) for stamp in (bad, stored())]
    counting, rejected = valid_stamps(examined, NOW)
    assert ([stamp.source for stamp in counting], rejected) == (
        [stored()],
        [RejectedStamp("Github", Rejection.SIGNATURE)],
    )
