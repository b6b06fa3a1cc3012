"""Rate limits for unauthenticated callers, by the peer (network address) they call from.

A peer with too many failed API key checks is rejected before the database is asked. Keys that were
valid recently still pass, because partners behind one address must not block each other. Anonymous
calls that write to the database are limited, too.

Each process counts on its own, in bounded memory. Source: docs/rules/authentication.md, "Key
hashes".
"""

from __future__ import annotations

import time
from collections.abc import Callable

from cachetools import LRUCache

from passport_scorer.auth.api_keys import PresentedKey
from passport_scorer.auth.key_hashes import matches_sha256_hash, sha256_hash
from passport_scorer.auth.rate_limits import RateLimited
from passport_scorer.auth.window_counts import WindowCounts
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import CALLS_LIMITED, NO_METRICS, Metrics

WINDOW = 60.0  # seconds
CAPACITY = 10_000  # peers or keys in a cache
# With twice the limit of one prefix, a flood on one prefix leaves room for the other keys of the
# same address.
_PREFIXES_OF_PEER = 2


class TooManyCalls(RateLimited):
    """You have been rate limited!

    Attributes:
        retry_after: seconds until the next call may succeed.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class FailedCalls:
    """Rejects peers whose calls fail too often because of their API keys.

    Args:
        limit: failed calls of a peer per minute with one prefix; twice as many with all prefixes.
            0: no limit.
        metrics: counts rejected calls.
        clock: see `WindowCounts`.
    """

    def __init__(
        self,
        limit: int,
        metrics: Metrics = NO_METRICS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._limit = limit
        self._metrics = metrics
        self._counts = WindowCounts(clock, CAPACITY)
        self._valid: LRUCache[str, str] = LRUCache(CAPACITY)  # prefix -> SHA-256 hash of the key

    def check(self, presented: PresentedKey, peer: str) -> None:
        """Let a call pass unless its peer has failed too often.

        Raises:
            TooManyCalls: it has, and the key was not valid recently.
        """
        if peer not in self._counts:
            return
        wait = self._counts.wait((presented.prefix, peer), self._limit)
        if wait is None:
            wait = self._counts.wait(peer, self._limit * _PREFIXES_OF_PEER)
        if wait is None or self._was_valid(presented):
            return
        self._metrics.add(CALLS_LIMITED, 1, "failed_calls")
        raise TooManyCalls(wait)

    def failed(self, presented: PresentedKey, peer: str) -> None:
        """Count a call whose key is wrong, unknown, revoked or expired."""
        if not self._limit:
            return
        if self._was_valid(presented):  # it has been revoked or has expired since
            del self._valid[presented.prefix]
        counts = (
            self._counts.add((presented.prefix, peer), WINDOW),
            self._counts.add(peer, WINDOW),
        )
        if counts[0] == self._limit or counts[1] == self._limit * _PREFIXES_OF_PEER:
            log.warning(
                "peer_limited", reason="failed_calls", peer=peer, api_key_prefix=presented.prefix
            )

    def succeeded(self, presented: PresentedKey, stored: str | None) -> None:
        """Record that a key is valid.

        Args:
            presented: the key.
            stored: its SHA-256 hash, as `hashed_key_sha256` holds it; None if it has none yet.
        """
        hashed = stored or sha256_hash(presented.key)
        if self._valid.get(presented.prefix) != hashed:
            self._valid[presented.prefix] = hashed

    def _was_valid(self, presented: PresentedKey) -> bool:
        known = self._valid.get(presented.prefix)
        return known is not None and matches_sha256_hash(presented.key, known)


class AnonymousWrites:
    """Rejects peers that write too often without credentials.

    Args:
        limit: writes of a peer per minute; 0: no limit.
        metrics: counts rejected calls.
        clock: see `WindowCounts`.
    """

    def __init__(
        self,
        limit: int,
        metrics: Metrics = NO_METRICS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._limit = limit
        self._metrics = metrics
        self._counts = WindowCounts(clock, CAPACITY)

    def count(self, peer: str) -> None:
        """Count a write that is about to be made.

        Raises:
            TooManyCalls: the peer has already made too many.
        """
        if not self._limit:
            return
        wait = self._counts.wait(peer, self._limit)
        if wait is not None:
            self._metrics.add(CALLS_LIMITED, 1, "anonymous_writes")
            raise TooManyCalls(wait)
        if self._counts.add(peer, WINDOW) == self._limit:
            log.warning("peer_limited", reason="anonymous_writes", peer=peer)
