"""The caches stay bounded, and an entry is found only for exactly what it was made of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.db.queries.loaded_scores import ScoringRequest
from passport_scorer.domain.community import Community
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.scoring import Passport, Snapshot, assess
from passport_scorer.domain.stamps import StampPolicy, StoredStamp, examine
from passport_scorer.scoring.caches import (
    AssessmentCache,
    CachedPassport,
    CachedScorer,
    InputCache,
)
from passport_scorer.telemetry.metrics import DECISION_CACHE_HITS, DECISION_CACHE_MISSES
from tests.unit.telemetry.counting import Counting

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ADDRESS = "0x" + "a" * 40
COMMUNITY = Community(1, {"Google": Decimal(1)}, Decimal(1), human_points_program=False)


def passport(
    *, registered_id: int | None = 1, linked: bool = True, stamps: int = 1
) -> CachedPassport:
    """The passport of an address with stamps of one provider."""
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
    stored = StoredStamp(1, "1", "Google", credential, registered_id)
    examined = examine(stored, ADDRESS, StampPolicy(frozenset({"did:ethr:0x1"})))
    links = {"v0:a": Link("v0:a", ADDRESS, expires)} if linked else {}
    return CachedPassport("1", (examined,) * stamps, (1,), ("v0:a",), "1", links)


def snapshot(read: CachedPassport, **changes: object) -> Snapshot:
    """The snapshot of a passport."""
    snapshot = Snapshot(
        address=ADDRESS,
        community=COMMUNITY,
        passport=Passport(1, 1, "1", read.registered),
        stamps=read.stamps,
        links=read.links,
    )
    return msgspec.structs.replace(snapshot, **changes)


@pytest.fixture
def counting() -> Counting:
    """Metrics that a test can read."""
    return Counting()


@pytest.fixture
def cache(counting: Counting) -> AssessmentCache:
    """A cache for ten stamps."""
    return AssessmentCache(10, counting)


def hits(counting: Counting) -> tuple[int, int]:
    """Return the counted hits and misses."""
    return (
        counting.counted[(DECISION_CACHE_HITS.name,)],
        counting.counted[(DECISION_CACHE_MISSES.name,)],
    )


def test_the_same_snapshot_is_assessed_once(cache: AssessmentCache, counting: Counting) -> None:
    """Points and the version of the score row are not part of an assessment."""
    read = passport()
    first = cache.assess(snapshot(read), NOW)
    later = snapshot(read, passport=Passport(1, 1, "2", read.registered))
    assert cache.assess(later, NOW + timedelta(hours=1)) is first
    assert hits(counting) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda read: {"stamps": tuple(iter(read.stamps))},
        lambda read: {"links": {**read.links}},
        lambda read: {"passport": Passport(1, 1, "1", tuple(iter(read.registered)))},
        lambda _: {"community": msgspec.structs.replace(COMMUNITY, threshold=Decimal(2))},
        lambda _: {"community": msgspec.structs.replace(COMMUNITY, weights={})},
        lambda _: {"address": "0xb"},
    ],
)
def test_an_assessment_is_only_for_what_it_was_made_of(
    cache: AssessmentCache,
    counting: Counting,
    change: Callable[[CachedPassport], dict[str, object]],
) -> None:
    """Rows that were loaded again do not match, even if they say the same."""
    read = passport()
    cache.assess(snapshot(read), NOW)
    cache.assess(snapshot(read, **change(read)), NOW)
    assert hits(counting) == (0, 2)


def test_an_equal_community_matches(cache: AssessmentCache, counting: Counting) -> None:
    """A community is made for each request."""
    read = passport()
    cache.assess(snapshot(read), NOW)
    cache.assess(snapshot(read, community=msgspec.structs.replace(COMMUNITY)), NOW)
    assert hits(counting) == (1, 1)


@pytest.mark.parametrize("read", [passport(registered_id=None), passport(linked=False)])
def test_an_assessment_with_changes_is_not_cached(
    read: CachedPassport, cache: AssessmentCache, counting: Counting
) -> None:
    """Its snapshot is out of date as soon as the changes are written."""
    for _ in range(2):
        cache.assess(snapshot(read), NOW)
    assert hits(counting) == (0, 2)


@given(
    hours=st.lists(st.integers(-30, 60), max_size=6),
    capacity=st.integers(0, 2),
    stamps=st.integers(0, 3),
)
def test_a_cached_assessment_is_a_fresh_one(hours: list[int], capacity: int, stamps: int) -> None:
    """At any times, in any order, and whatever fits: only the period can differ."""
    cache, read = AssessmentCache(capacity), snapshot(passport(stamps=stamps))
    for hour in hours:
        now = NOW + timedelta(hours=hour)
        cached, fresh = cache.assess(read, now), assess(read, now)
        assert cached.is_valid_at(now)
        assert msgspec.structs.replace(fresh, valid_from=cached.valid_from) == cached


def test_passports_are_bounded_by_their_stamps() -> None:
    """The least recently used go first; one that is larger than the cache is not cached."""
    cache = InputCache(6)
    requests = {name: ScoringRequest(name, community_id=1) for name in "abcd"}
    for name in "abc":
        cache.put_passport(name, 1, passport(stamps=2))
    cache.get(requests["a"])
    cache.put_passport("d", 1, passport(stamps=3))
    cached = [name for name in "abcd" if cache.get(requests[name]).passport]
    assert (cached, cache.size) == (["a", "d"], 5)
    cache.put_passport("d", 1, passport(stamps=7))
    cached = [name for name in "abcd" if cache.get(requests[name]).passport]
    assert (cached, cache.size) == (["a"], 2)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 6))), st.integers(0, 10))
def test_the_size_is_right_and_bounded(puts: list[tuple[str, int]], capacity: int) -> None:
    """Any passports: the size is that of the cached ones, and within the capacity."""
    cache, latest = InputCache(capacity), {}
    for name, stamps in puts:
        latest[name] = passport(stamps=stamps)
        cache.put_passport(name, 1, latest[name])
        found = {each: cache.get(ScoringRequest(each, community_id=1)).passport for each in "abcde"}
        assert cache.size == sum(each.size for each in found.values() if each) <= capacity
        assert all(each is None or each is latest[name] for name, each in found.items())


def test_a_community_is_found_by_the_name_that_a_request_used() -> None:
    """By its id, by an external id that was used before, and by a number that is its id."""
    cache = InputCache(10)
    cache.put_scorer(7, CachedScorer("1", {}))
    external = ScoringRequest("a", key_prefix="key", external_scorer_id="mine")
    assert cache.get(external).scorer is None
    cache.put_name(external, 7)
    number = ScoringRequest("a", key_prefix="key", external_scorer_id="07", scorer_id=7)
    for request in (external, number, ScoringRequest("a", community_id=7)):
        assert cache.get(request).scorer == CachedScorer("1", {})
    cache.put_name(external, 8)
    assert cache.get(external).scorer is None
    assert cache.get(msgspec.structs.replace(external, key_prefix="other")).scorer is None
