"""Rate limits for unauthenticated callers, by the peer (network address) they call from.

A peer with too many failed API key checks is rejected before the database is asked. Keys that were
valid recently still pass, because partners behind one address must not block each other. Anonymous
calls that write to the database are limited, too.

Each process counts on its own, in bounded memory. Source: docs/rules/authentication.md, "Key
hashes".
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from cachetools import FIFOCache, LRUCache

from passport_scorer.auth.api_keys import PresentedKey
from passport_scorer.auth.key_hashes import matches_sha256_hash, sha256_hash
from passport_scorer.auth.rate_limits import RateLimited
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


class _Window:
    """A fixed window: when it ends, and the calls in it. Mutable, so that it keeps its place."""

    __slots__ = ("count", "ends_at")

    def __init__(self, ends_at: float) -> None:
        self.ends_at = ends_at
        self.count = 1


class WindowCounts:
    """Counts by name in fixed windows; evicts the oldest windows first.

    Args:
        clock: returns seconds; must also advance while a Lambda sandbox is frozen.
        capacity: maximum number of names.
    """

    def __init__(self, clock: Callable[[], float], capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._windows: FIFOCache[object, _Window] = FIFOCache(capacity)

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._windows)

    def __contains__(self, name: object) -> bool:
        """Return True if a name was counted recently."""
        return name in self._windows

    def add(self, name: object) -> int:
        """Count one call; return the number of calls in this window."""
        now = self._clock()
        window = self._windows.get(name)
        if window is not None and 0 < window.ends_at - now <= WINDOW:
            window.count += 1
            return window.count
        self._windows[name] = _Window(now + WINDOW)
        return 1

    def wait(self, name: object, limit: int) -> int | None:
        """Return the seconds (at least 1) until a name is below its limit; None if it is now."""
        window = self._windows.get(name)
        if window is None or window.count < limit:
            return None
        # After a step of the clock, a window may seem to end in hours: it no longer counts.
        left = window.ends_at - self._clock()
        return max(1, math.ceil(left)) if 0 < left <= WINDOW else None


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
        self._counts = WindowCounts(clock)
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
        counts = self._counts.add((presented.prefix, peer)), self._counts.add(peer)
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
        self._counts = WindowCounts(clock)

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
        if self._counts.add(peer) == self._limit:
            log.warning("peer_limited", reason="anonymous_writes", peer=peer)
