"""What is remembered stays bounded, and is found again for just what it was remembered of."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.community import Community
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.human_points import PointsPolicy
from passport_scorer.domain.scoring import Outcome, Passport, Snapshot, decide
from passport_scorer.domain.stamps import StampPolicy, StoredStamp, examine
from passport_scorer.scoring.caches import CachedPassport, Memory, ScoringCaches

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ADDRESS = "0x" + "a" * 40
COMMUNITY = Community(1, {"Google": Decimal(1)}, Decimal(1), human_points_program=False)


def test_the_owner_that_was_asked_for_longest_ago_is_forgotten_first() -> None:
    """Asking counts as use; as many as need be are forgotten, no more."""
    memory: Memory[str, str] = Memory(6)
    for owner in ("0xa", "0xb", "0xc"):
        memory.remember(owner, owner, 2)
    memory.of("0xa")
    memory.remember("0xd", "0xd", 3)
    assert [memory.of(owner) for owner in ("0xa", "0xb", "0xc", "0xd")] == [
        "0xa",
        None,
        None,
        "0xd",
    ]


def test_what_was_remembered_is_replaced() -> None:
    """What is remembered is what was remembered last, and takes only its own room."""
    memory: Memory[str, str] = Memory(10)
    memory.remember("0xa", "first", 5)
    memory.remember("0xa", "second", 1)
    assert (memory.of("0xa"), len(memory)) == ("second", 1)


def test_asking_for_an_unknown_owner_leaves_nothing_behind() -> None:
    """Owners that nothing is known of take no room."""
    memory: Memory[str, str] = Memory(1)
    memory.remember("0xa", "known")
    for number in range(100):
        assert memory.of(f"0x{number}") is None
        memory.forget(f"0x{number}")
    assert memory.of("0xa") == "known"


@given(
    capacity=st.integers(0, 10),
    remembering=st.lists(st.tuples(st.sampled_from("abcde"), st.integers(1, 6))),
)
def test_the_size_is_what_is_remembered_and_never_more_than_allowed(
    capacity: int, remembering: list[tuple[str, int]]
) -> None:
    """Whatever is remembered and forgotten, the size is right and within the capacity."""
    memory: Memory[str, int] = Memory(capacity)
    latest: dict[str, int] = {}
    for owner, size in remembering:
        memory.remember(owner, size, size)
        latest[owner] = size
        known = {each: memory.of(each) or 0 for each in "abcde"}
        assert len(memory) == sum(known.values()) <= capacity
        assert all(known[each] in (0, latest.get(each, 0)) for each in "abcde")


def passport(*, copy_id: int | None = 1, linked: bool = True) -> CachedPassport:
    """What was read of an address with one stamp."""
    expires = NOW + timedelta(days=1)
    subject = f"did:pkh:eip155:1:{ADDRESS}"
    credential = Credential(
        issuer="did:ethr:0x1",
        subject_id=subject,
        provider="Google",
        nullifiers=("v0:a",),
        has_nullifiers=True,
        expiration_date="tomorrow",
        expires_at=expires,
    )
    stored = StoredStamp(1, "1", "Google", credential, copy_id)
    examined = examine(stored, ADDRESS, StampPolicy(frozenset({"did:ethr:0x1"})))
    links = {"v0:a": Link("v0:a", ADDRESS, expires)} if linked else {}
    return CachedPassport("1", (examined,), (1,), ("v0:a",), "1", links)


def decided(read: CachedPassport, earlier: Outcome | None = None) -> Outcome:
    """What is decided on it."""
    snapshot = Snapshot(
        address=ADDRESS,
        community=COMMUNITY,
        passport=Passport(1, 1, "1", read.copies),
        stamps=read.stamps,
        links=read.links,
        earlier=earlier,
    )
    return decide(snapshot, NOW, PointsPolicy())


def test_a_decision_is_found_for_what_it_was_made_on() -> None:
    """Rows that were read anew make it worthless, even if they say the same."""
    remembered, read = ScoringCaches(10), passport()
    outcome = decided(read)
    remembered.keep_outcome(outcome)
    assert remembered.outcome(ADDRESS, COMMUNITY, read) == outcome
    for part in ("stamps", "links", "copies"):
        anew = {"stamps": (*read.stamps[:0], read.stamps[0]), "links": {**read.links}}
        anew["copies"] = (*read.copies,)
        other = msgspec.structs.replace(read, **{part: anew[part]})
        assert remembered.outcome(ADDRESS, COMMUNITY, other) is None
    for change in ({"threshold": Decimal(2)}, {"weights": {"Google": Decimal(2)}}):
        changed = msgspec.structs.replace(COMMUNITY, **change)
        assert remembered.outcome(ADDRESS, changed, read) is None
    assert remembered.outcome("0xb", COMMUNITY, read) is None


@pytest.mark.parametrize("read", [passport(copy_id=None), passport(linked=False)])
def test_a_decision_that_changes_more_than_the_score_is_not_remembered(
    read: CachedPassport,
) -> None:
    """What it was made on is gone as soon as it is written."""
    remembered = ScoringCaches(10)
    remembered.keep_outcome(decided(read))
    assert remembered.outcome(ADDRESS, COMMUNITY, read) is None


def test_decisions_do_not_hold_on_to_those_before_them() -> None:
    """However often an address is scored, one decision is kept, and none behind it."""
    remembered, read = ScoringCaches(10), passport()
    for _ in range(3):
        remembered.keep_outcome(decided(read, remembered.outcome(ADDRESS, COMMUNITY, read)))
        kept = remembered.outcome(ADDRESS, COMMUNITY, read)
        assert kept is not None
        assert kept.snapshot.earlier is None
