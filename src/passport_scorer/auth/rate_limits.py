"""Rate limits of API keys: `<count>/<period>` for each key and group of endpoints.

Source: docs/rules/authentication.md, "Rate limits". Headers: draft-ietf-httpapi-ratelimit-headers.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import Protocol

import msgspec

from passport_scorer.auth.circuit_breaker import CircuitBreaker
from passport_scorer.auth.window_counts import WindowCounts
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.rate_limit import DEFAULT_TEXT, read_rate_limit
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import NO_METRICS, RATE_LIMIT_DECISIONS, Metrics

STORAGE_TIMEOUT = 0.25  # seconds that counting can delay a call
OPEN_SECONDS = 1.0  # how long a storage that failed is not called
MAX_WARNINGS = 1000  # keys with a malformed limit that are logged, once each
MEMORY_CAPACITY = 100_000  # keys that a process counts in its memory, for each group of endpoints


class RateLimited(PassportScorerError):
    """You have been rate limited!"""

    code = "rate_limited"


class RateLimitState(msgspec.Struct, frozen=True):
    """The state of a caller's rate limit.

    Attributes:
        group: the endpoints that are counted together.
        count: calls allowed per window.
        window: the length of a window in seconds.
        remaining: calls left in this window.
        reset: seconds until the window ends.
        exceeded: True if this call exceeds the limit.
    """

    group: str
    count: int
    window: int
    remaining: int
    reset: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """Return the response headers."""
        headers = {
            "RateLimit-Policy": f'"{self.group}";q={self.count};w={self.window}',
            "RateLimit": f'"{self.group}";r={self.remaining};t={self.reset}',
        }
        if self.exceeded:
            headers["Retry-After"] = str(self.reset)
        return headers


class CallStorage(Protocol):
    """Counts calls in fixed windows, each of which starts with its first call."""

    async def add(self, name: str, seconds: int) -> tuple[int, float]:
        """Count a call.

        Args:
            name: of the key, the group of endpoints and the limit.
            seconds: the length of a window.

        Returns:
            The number of calls in this window, and the seconds until it ends.
        """


class MemoryStorage:
    """Counts the calls of this process; forgets the oldest windows beyond `MEMORY_CAPACITY`."""

    def __init__(self) -> None:
        self._counts = WindowCounts(time.time, MEMORY_CAPACITY)

    async def add(self, name: str, seconds: int) -> tuple[int, float]:
        """Count a call: see `CallStorage`."""
        count = self._counts.add(name, seconds)
        return count, self._counts.left(name)


class RateLimits:
    """Counts calls in fixed windows. Fails open: if counting fails, calls pass.

    A storage that fails, or takes longer than `STORAGE_TIMEOUT`, opens a circuit breaker.

    Args:
        storage: counts calls; in memory by default.
        metrics: counts decisions.
        enabled: False: no call is counted or limited, whatever the limits of the keys.

    Attributes:
        uncounted: the number of calls that passed without being counted.
    """

    def __init__(
        self,
        storage: CallStorage | None = None,
        metrics: Metrics = NO_METRICS,
        *,
        enabled: bool = True,
    ) -> None:
        self._enabled = enabled
        self._warned: set[tuple[str, str]] = set()
        self._metrics = metrics
        self._storage = storage or MemoryStorage()
        self._breaker = CircuitBreaker(OPEN_SECONDS, probe_seconds=STORAGE_TIMEOUT)
        self.uncounted = 0

    async def count(self, prefix: str, group: str, limit: str | None) -> RateLimitState | None:
        """Count a call with the key of this prefix.

        Args:
            prefix: of the API key.
            group: the endpoints that are counted together.
            limit: the limit as the key has it; see `read_rate_limit`. A malformed limit is logged
                once per key, and the default limit applies.

        Returns:
            The caller's state; None if there is no limit, or counting failed.
        """
        found = read_rate_limit(limit) if self._enabled else None
        if found is None:
            self._metrics.add(RATE_LIMIT_DECISIONS, 1, "unlimited")
            return None
        if found.is_default:
            self._warn_once(prefix, group, limit)
        if not self._breaker.allows_call():
            self._let_through()
            return None
        try:
            async with asyncio.timeout(STORAGE_TIMEOUT):
                name = f"{prefix}/{group}/{found.count}/{found.window}"
                count, left = await self._storage.add(name, found.window)
        except Exception as error:  # noqa: BLE001  fail open, whatever the storage raises
            self._record_failure(error)
            return None
        self._record_success()
        exceeded = count > found.count
        self._metrics.add(RATE_LIMIT_DECISIONS, 1, "exceeded" if exceeded else "allowed")
        remaining, reset = max(0, found.count - count), max(1, math.ceil(left))
        return RateLimitState(group, found.count, found.window, remaining, reset, exceeded)

    def _let_through(self) -> None:
        self.uncounted += 1
        self._metrics.add(RATE_LIMIT_DECISIONS, 1, "uncounted")

    def _warn_once(self, prefix: str, group: str, limit: str | None) -> None:
        if (prefix, group) in self._warned or len(self._warned) >= MAX_WARNINGS:
            return
        self._warned.add((prefix, group))
        log.warning(
            "rate_limit_not_readable", api_key_prefix=prefix, limit=limit, counts_as=DEFAULT_TEXT
        )

    def _record_failure(self, error: Exception) -> None:
        self._let_through()
        self._breaker.record_failure()
        log.warning("rate_limit_not_counted", reason=type(error).__name__)

    def _record_success(self) -> None:
        if self._breaker.record_success():
            log.warning("rate_limit_counted_again", uncounted=self.uncounted)
