"""Limits for callers that have not shown who they are, by the peer that they call from.

Failed calls of partners are counted, and a peer with too many is refused before the database is
asked. Keys that were found right lately are let through all the same: partners behind one address
must not suffer from each other. Anonymous calls that write into the database are counted, too.

Each process counts for itself, in memory of a fixed size. Source: specification, auth.md ("API
keys", floods of wrong keys).
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

import structlog

from passport_scorer.auth.api_keys import PresentedKey
from passport_scorer.auth.key_hashes import matches_sha256_hash, sha256_hash
from passport_scorer.auth.rate_limits import RateLimited
from passport_scorer.telemetry.metrics import CALLS_LIMITED, NO_METRICS, Metrics

WINDOW = 60.0  # seconds
CAPACITY = 10_000  # peers, or keys, that are remembered
# A flood on one prefix leaves as many failures for everybody else behind the same address.
_PREFIXES_OF_PEER = 2

log = structlog.get_logger()


class TooManyCalls(RateLimited):
    """You have been rate limited!

    Attributes:
        retry_after: seconds until the next call may succeed.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class WindowCounts:
    """Counts by name in fixed windows; the oldest windows are forgotten first.

    Args:
        clock: returns seconds, also those in which a sandbox of Lambda was frozen.
        capacity: names that are remembered.
    """

    def __init__(self, clock: Callable[[], float], capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._windows: OrderedDict[object, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many names are remembered."""
        return len(self._windows)

    def __contains__(self, name: object) -> bool:
        """Return True if a name was counted lately."""
        return name in self._windows

    def add(self, name: object) -> int:
        """Count one; return how many there are in this window."""
        now = self._clock()
        ends_at, count = self._windows.get(name, (0.0, 0))
        if 0 < ends_at - now <= WINDOW:
            self._windows[name] = ends_at, count + 1
            return count + 1
        self._windows.pop(name, None)
        self._windows[name] = now + WINDOW, 1
        if len(self._windows) > self._capacity:
            self._windows.popitem(last=False)
        return 1

    def wait(self, name: object, limit: int) -> int | None:
        """Return the seconds (at least 1) until a name is below its limit; None if it is now."""
        window = self._windows.get(name)
        if window is None or window[1] < limit:
            return None
        left = window[0] - self._clock()
        return max(1, math.ceil(left)) if 0 < left <= WINDOW else None


class FailedCalls:
    """Refuses peers whose calls with API keys fail too often.

    Args:
        limit: failed calls of a peer with one prefix in a minute; with all prefixes, twice as
            many. 0: there is no limit.
        metrics: where refused calls are counted.
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
        self._right: OrderedDict[str, str] = OrderedDict()  # prefix -> fast hash of the key

    def check(self, presented: PresentedKey, peer: str) -> None:
        """Let a call pass, unless its peer has failed too often.

        Raises:
            TooManyCalls: it has, and the key isn't one that was right lately.
        """
        if peer not in self._counts:
            return
        wait = self._counts.wait((presented.prefix, peer), self._limit)
        if wait is None:
            wait = self._counts.wait(peer, self._limit * _PREFIXES_OF_PEER)
        if wait is None or self._is_right(presented):
            return
        self._metrics.add(CALLS_LIMITED, 1, "failed_calls")
        raise TooManyCalls(wait)

    def failed(self, presented: PresentedKey, peer: str) -> None:
        """Count a call whose key is wrong, unknown, revoked or expired."""
        if not self._limit:
            return
        if self._is_right(presented):  # no longer: it was revoked, or has expired
            del self._right[presented.prefix]
        counts = self._counts.add((presented.prefix, peer)), self._counts.add(peer)
        if counts[0] == self._limit or counts[1] == self._limit * _PREFIXES_OF_PEER:
            log.warning(
                "peer_limited", reason="failed_calls", peer=peer, api_key_prefix=presented.prefix
            )

    def succeeded(self, presented: PresentedKey, stored: str | None) -> None:
        """Remember that a key is right.

        Args:
            presented: the key.
            stored: its fast hash, as `hashed_key_sha256` holds it; None: it has none yet.
        """
        fast = stored or sha256_hash(presented.key)
        if self._right.get(presented.prefix) != fast:
            self._right[presented.prefix] = fast
            if len(self._right) > CAPACITY:
                self._right.popitem(last=False)

    def _is_right(self, presented: PresentedKey) -> bool:
        known = self._right.get(presented.prefix)
        return known is not None and matches_sha256_hash(presented.key, known)


class AnonymousWrites:
    """Refuses peers that write too often without showing who they are.

    Args:
        limit: writes of a peer in a minute; 0: there is no limit.
        metrics: where refused calls are counted.
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
            TooManyCalls: the peer has made too many.
        """
        if not self._limit:
            return
        wait = self._counts.wait(peer, self._limit)
        if wait is not None:
            self._metrics.add(CALLS_LIMITED, 1, "anonymous_writes")
            raise TooManyCalls(wait)
        if self._counts.add(peer) == self._limit:
            log.warning("peer_limited", reason="anonymous_writes", peer=peer)
