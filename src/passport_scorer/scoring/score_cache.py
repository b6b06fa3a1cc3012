"""The cache of scores: what was decided, and the versions of everything that it depends on.

An entry is never served on its own: `db/queries/touch_scores.sql` compares its versions with the
database in the same statement that records the score. So nothing has to invalidate it. Documents,
claims and links are not kept. See docs/caches.md.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from cachetools import LRUCache

from passport_scorer.db.queries.loaded_scores import ScoringRequest
from passport_scorer.domain.scores import ShownScore
from passport_scorer.domain.scoring import Outcome, Versions
from passport_scorer.domain.stamps import RejectedStamp
from passport_scorer.domain.timestamps import event_time
from passport_scorer.telemetry.metrics import NO_METRICS, SCORE_CACHE_BYTES, Metrics

_OVERHEAD = 2_048  # bytes of an entry besides its texts, rounded up
_REJECTED = 128  # bytes of a rejected stamp


class CachedScore(msgspec.Struct, frozen=True):
    """A score that was saved, and what it depends on.

    Attributes:
        address: in lower case.
        community_id: the community that the request named.
        versions: of the rows that the score depends on.
        content: a hash of what its row says.
        score: the score.
        expires_at_shown: when it expires, as its event shows it; None without stamps.
        rejected: stamps that are left out, for the log.
        valid_from: aware; when the score was decided.
        valid_until: aware; when the next stamp or link expires.
    """

    address: str
    community_id: int
    versions: Versions
    content: int
    score: ShownScore
    expires_at_shown: str | None
    rejected: tuple[RejectedStamp, ...]
    valid_from: datetime
    valid_until: datetime

    def is_valid_at(self, now: datetime) -> bool:
        """Return True if the same rows give the same score at `now` (aware)."""
        return self.valid_from <= now < self.valid_until

    @property
    def size(self) -> int:
        """Its size in memory, in bytes, approximately."""
        versions = self.versions
        texts = (
            len(self.score.stamps)
            + len(versions.scorer)
            + len(versions.dynamic_weights or "")
            + len(versions.stamps)
            + len(versions.links)
            + len(versions.link_ids)
            + sum(map(len, versions.unlinked))
        )
        return texts + len(self.rejected) * _REJECTED + _OVERHEAD


class ScoreCache:
    """Caches scores by request; the least recently used is evicted first.

    Args:
        max_bytes: the bound of all entries together (0: nothing is cached).
        metrics: where the size is reported.
    """

    def __init__(self, max_bytes: int, metrics: Metrics = NO_METRICS) -> None:
        self._metrics = metrics
        self._scores: LRUCache[ScoringRequest, CachedScore] = LRUCache(
            max_bytes, getsizeof=lambda score: score.size
        )

    def get(self, request: ScoringRequest, now: datetime) -> CachedScore | None:
        """Return the cached score of a request, if it is valid at `now` (aware)."""
        cached = self._scores.get(_key(request))
        return cached if cached and cached.is_valid_at(now) else None

    def put(self, request: ScoringRequest, outcome: Outcome, content: int) -> None:
        """Cache a score that was saved, if scoring again would only give it a new time.

        Args:
            request: what was scored.
            outcome: what was decided.
            content: a hash of what its row says.
        """
        versions = outcome.snapshot.versions
        if versions is None or not outcome.is_repeatable:
            return
        assessment = outcome.assessment
        saved = outcome.saved()
        expires_at = saved.score.expires_at
        cached = CachedScore(
            address=saved.address,
            community_id=saved.community_id,
            versions=versions,
            content=content,
            score=saved.score,
            expires_at_shown=event_time(expires_at) if expires_at else None,
            rejected=assessment.rejected,
            valid_from=assessment.valid_from,
            valid_until=assessment.valid_until,
        )
        if cached.size <= self._scores.maxsize:
            self._scores[_key(request)] = cached
            self._metrics.set(SCORE_CACHE_BYTES, self._scores.currsize)

    def discard(self, request: ScoringRequest) -> None:
        """Forget the cached score of a request, which is out of date."""
        self._scores.pop(_key(request), None)
        self._metrics.set(SCORE_CACHE_BYTES, self._scores.currsize)


def _key(request: ScoringRequest) -> ScoringRequest:
    if request.key_hash is None:
        return request
    return msgspec.structs.replace(request, key_hash=None)
