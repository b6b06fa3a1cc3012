"""How often a partner may call: `<count>/<period>` for each key and group of endpoints.

Source: specification, auth.md ("Rate limits"). Headers: draft-ietf-httpapi-ratelimit-headers.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import datetime

import msgspec
import structlog
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.rate_limit import DEFAULT_TEXT, read_rate_limit
from passport_scorer.telemetry.metrics import NO_METRICS, RATE_LIMIT_DECISIONS, Metrics

LONGEST_WAIT = 0.25  # seconds that counting may delay a call
PAUSE = 1.0  # seconds for which a store that has failed is left alone
MOST_WARNINGS = 1000  # keys whose limits can't be read that are logged, each once

log = structlog.get_logger()


class RateLimited(PassportScorerError):
    """You have been rate limited!"""

    code = "rate_limited"


class RateLimitState(msgspec.Struct, frozen=True):
    """Where a caller stands.

    Attributes:
        group: which endpoints are counted together.
        count: calls allowed in a window.
        window: its length in seconds.
        remaining: calls left in this window.
        reset: seconds until the window ends.
        exceeded: True if this call was one too many.
    """

    group: str
    count: int
    window: int
    remaining: int
    reset: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """Return the headers that an answer carries."""
        headers = {
            "RateLimit-Policy": f'"{self.group}";q={self.count};w={self.window}',
            "RateLimit": f'"{self.group}";r={self.remaining};t={self.reset}',
        }
        if self.exceeded:
            headers["Retry-After"] = str(self.reset)
        return headers


class RateLimits:
    """Counts calls in fixed windows. When counting fails, calls are let through.

    A store that fails, or takes longer than `LONGEST_WAIT`, isn't asked again before `PAUSE`
    seconds are over, and then by one call first.

    Args:
        clock: returns the time (aware), as the storage has it.
        storage: where calls are counted; in memory by default.
        metrics: where decisions are counted.
        enabled: False: no call is counted or limited, whatever the keys say.

    Attributes:
        uncounted: how many calls were let through without being counted.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        storage: Storage | None = None,
        metrics: Metrics = NO_METRICS,
        *,
        enabled: bool = True,
    ) -> None:
        self._enabled = enabled
        self._warned: set[tuple[str, str]] = set()
        self._metrics = metrics
        self._clock = clock
        self._limiter = FixedWindowRateLimiter(storage or MemoryStorage())
        self._asked_again_at = 0.0
        self._has_failed = False
        self.uncounted = 0

    async def count(self, prefix: str, group: str, limit: str | None) -> RateLimitState | None:
        """Count a call with the key of this prefix.

        Args:
            prefix: of the API key.
            group: which endpoints are counted together.
            limit: the column of the key, as `read_rate_limit` takes it; what can't be read is
                logged once for each key, and limits as the default does.

        Returns:
            Where the caller stands; None if there is no limit, or counting failed.
        """
        found = read_rate_limit(limit) if self._enabled else None
        if found is None:
            self._metrics.add(RATE_LIMIT_DECISIONS, 1, "unlimited")
            return None
        if found.is_default:
            self._warn_once(prefix, group, limit)
        item = RateLimitItemPerSecond(found.count, found.window)
        if not self._may_ask():
            self._let_through()
            return None
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                state = await self._counted(item, prefix, group)
        except Exception as error:  # noqa: BLE001  whatever the storage raises: fail open
            self._note_failure(error)
            return None
        self._note_success()
        self._metrics.add(RATE_LIMIT_DECISIONS, 1, "exceeded" if state.exceeded else "allowed")
        return state

    async def _counted(self, item: RateLimitItem, prefix: str, group: str) -> RateLimitState:
        within = await self._limiter.hit(item, prefix, group)
        reset_at, remaining = await self._limiter.get_window_stats(item, prefix, group)
        reset = max(1, math.ceil(reset_at - self._clock().timestamp()))
        return RateLimitState(
            group, item.amount, item.get_expiry(), max(0, remaining), reset, not within
        )

    def _may_ask(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now < self._asked_again_at:
            return False
        if self._has_failed:
            self._asked_again_at = now + LONGEST_WAIT  # this call tries, the others don't wait
        return True

    def _let_through(self) -> None:
        self.uncounted += 1
        self._metrics.add(RATE_LIMIT_DECISIONS, 1, "uncounted")

    def _warn_once(self, prefix: str, group: str, limit: str | None) -> None:
        if (prefix, group) in self._warned or len(self._warned) >= MOST_WARNINGS:
            return
        self._warned.add((prefix, group))
        log.warning(
            "rate_limit_not_readable", api_key_prefix=prefix, limit=limit, counts_as=DEFAULT_TEXT
        )

    def _note_failure(self, error: Exception) -> None:
        self._let_through()
        self._has_failed = True
        self._asked_again_at = asyncio.get_running_loop().time() + PAUSE
        log.warning("rate_limit_not_counted", reason=type(error).__name__)

    def _note_success(self) -> None:
        if self._has_failed:
            self._has_failed, self._asked_again_at = False, 0.0
            log.warning("rate_limit_counted_again", uncounted=self.uncounted)
