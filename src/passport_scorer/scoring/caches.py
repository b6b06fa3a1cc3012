"""The caches of the scoring path.

Passports and scorers are cached with the versions of their rows, and loaded with a conditional
read, as with ETags: the database gets the versions and returns only what has changed. So an entry
is never served stale, and nothing has to invalidate it. Assessments are cached for exactly the
objects that they were made of.

All are bounded; the least recently used entry is evicted first. See docs/caches.md.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import msgspec
from cachetools import LRUCache

from passport_scorer.db.queries.loaded_scores import CachedVersions, ScoringRequest
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.scoring import Assessment, Snapshot, assess
from passport_scorer.domain.stamps import ExaminedStamp
from passport_scorer.telemetry.metrics import (
    DECISION_CACHE_HITS,
    DECISION_CACHE_MISSES,
    NO_METRICS,
    Metrics,
)

_MAX_SCORERS = 256  # a service has few of them
_MAX_NAMES = 4096  # of communities

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class CachedPassport(msgspec.Struct, frozen=True):
    """The rows of an address in a community.

    Attributes:
        version: of its stamps and registered stamps.
        stamps: the stamps, examined.
        registered: ids of all its `registry_stamp` rows.
        nullifiers: all nullifiers of the stamps.
        links_version: of the links.
        links: nullifier -> link, the community's links of the nullifiers.
    """

    version: str
    stamps: tuple[ExaminedStamp, ...]
    registered: tuple[int, ...]
    nullifiers: tuple[str, ...]
    links_version: str
    links: Mapping[str, Link]

    @property
    def size(self) -> int:
        """Its share of the capacity, in stamps."""
        return max(1, len(self.stamps))


class CachedScorer(msgspec.Struct, frozen=True):
    """The weights of a scorer: provider -> weight."""

    version: str
    weights: Mapping[str, Decimal]


class CachedInputs(msgspec.Struct, frozen=True):
    """The cached inputs of one score; None: not cached."""

    passport: CachedPassport | None
    scorer: CachedScorer | None

    def versions(self) -> CachedVersions:
        """Return the versions for a conditional read."""
        scorer = self.scorer.version if self.scorer else None
        passport = self.passport
        if passport is None:
            return CachedVersions(scorer)
        return CachedVersions(scorer, passport.version, passport.links_version, passport.nullifiers)


_NOT_CACHED = CachedInputs(None, None)


class InputCache:
    """Caches passports and scorers.

    Args:
        capacity: the number of stamps in all passports.
    """

    def __init__(self, capacity: int) -> None:
        self._passports: LRUCache[tuple[str, int], CachedPassport] = LRUCache(
            capacity, getsizeof=lambda passport: passport.size
        )
        self._scorers: LRUCache[int, CachedScorer] = LRUCache(_MAX_SCORERS)
        # A partner can call a community by an external id. Entries are found by the community's
        # id; if a name means another community by now, the versions tell.
        self._names: LRUCache[Hashable, int] = LRUCache(_MAX_NAMES)

    @property
    def size(self) -> int:
        """The number of cached stamps."""
        return int(self._passports.currsize)

    def get(self, request: ScoringRequest) -> CachedInputs:
        """Return the cached inputs of a score."""
        community_id = request.community_id
        if community_id is None:
            community_id = self._names.get(_name(request))
        if community_id is None:
            community_id = request.scorer_id  # probably the id of the community
        if community_id is None:
            return _NOT_CACHED
        passport = None
        if request.address is not None:
            passport = self._passports.get((request.address, community_id))
        return CachedInputs(passport, self._scorers.get(community_id))

    def put_name(self, request: ScoringRequest, community_id: int) -> None:
        """Cache the community that a request named."""
        if request.community_id is not None:
            return
        name = _name(request)
        if community_id == request.scorer_id:
            self._names.pop(name, None)
        elif self._names.get(name) != community_id:
            self._names[name] = community_id

    def put_passport(self, address: str, community_id: int, passport: CachedPassport) -> None:
        """Cache the passport of an address in a community."""
        _put(self._passports, (address, community_id), passport)

    def put_scorer(self, community_id: int, scorer: CachedScorer) -> None:
        """Cache the scorer of a community."""
        self._scorers[community_id] = scorer


class _CachedAssessment(msgspec.Struct, frozen=True):
    """An assessment and the snapshot that it was made of."""

    snapshot: Snapshot
    assessment: Assessment

    @property
    def size(self) -> int:
        return max(1, len(self.snapshot.stamps))

    def is_of(self, snapshot: Snapshot) -> bool:
        """Compare by identity, which is fast: an unchanged passport comes from the cache."""
        mine = self.snapshot
        return (
            mine.stamps is snapshot.stamps
            and mine.links is snapshot.links
            and mine.passport.registered_stamps is snapshot.passport.registered_stamps
            and mine.community == snapshot.community
        )


class AssessmentCache:
    """Assesses snapshots, and reuses the assessment of the same snapshot while it is valid.

    Args:
        capacity: the number of stamps in all snapshots.
        metrics: where hits and misses are counted.
    """

    def __init__(self, capacity: int, metrics: Metrics = NO_METRICS) -> None:
        self._metrics = metrics
        self._entries: LRUCache[tuple[str, int], _CachedAssessment] = LRUCache(
            capacity, getsizeof=lambda entry: entry.size
        )

    def assess(self, snapshot: Snapshot, now: datetime) -> Assessment:
        """Do the same as `domain.scoring.assess`, with the cached result where there is one.

        Raises:
            UnusableWeight: the scorer's weights can't be summed up.
        """
        key = snapshot.address, snapshot.community.id
        cached = self._entries.get(key)
        if cached and cached.is_of(snapshot) and cached.assessment.is_valid_at(now):
            self._metrics.add(DECISION_CACHE_HITS)
            return cached.assessment
        self._metrics.add(DECISION_CACHE_MISSES)
        assessment = assess(snapshot, now)
        # Once its changes are written, the next snapshot differs.
        if assessment.changes.is_empty:
            _put(self._entries, key, _CachedAssessment(snapshot, assessment))
        return assessment


def _put(cache: LRUCache[Key, Value], key: Key, value: Value) -> None:
    try:
        cache[key] = value
    except ValueError:  # larger than the whole cache
        cache.pop(key, None)


def _name(request: ScoringRequest) -> Hashable:
    return request.key_prefix, request.external_scorer_id, request.scorer_id
