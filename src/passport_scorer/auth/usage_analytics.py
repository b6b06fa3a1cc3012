"""One row for each call of a partner, written in batches off the request's path.

Rows wait in memory, at most `capacity` of them, and are written every `interval` seconds, or as
soon as `batch` have come together. So a crash loses at most what has come in since the last
write. If the database is away they wait; beyond the capacity the oldest are dropped and counted.

Source: specification, auth.md ("Usage analytics").
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

import structlog

from passport_scorer.db.api_key_queries import WRITE_USAGE, Usage, write_usage_parameters
from passport_scorer.db.database import Database
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.telemetry.metrics import (
    NO_METRICS,
    USAGE_DROPPED,
    USAGE_REFUSED,
    USAGE_WAITING,
    USAGE_WRITTEN,
    Metrics,
)

log = structlog.get_logger()


class UsageAnalytics(Protocol):
    """Where the usage of API keys is recorded."""

    def record(self, usage: Usage) -> None:
        """Take note of a call; never fails and never waits."""

    async def run(self) -> None:
        """Write what is recorded, until `stop`; then write the rest and return."""

    async def flush(self) -> None:
        """Write what is recorded so far."""

    def stop(self) -> None:
        """Let `run` come to its end."""


class NoUsageAnalytics:
    """Records nothing."""

    def record(self, usage: Usage) -> None:
        """Forget it."""

    async def run(self) -> None:
        """There is nothing to write."""

    async def flush(self) -> None:
        """There is nothing to write."""

    def stop(self) -> None:
        """There is nothing to stop."""


class BatchedUsageAnalytics:
    """Records usage in the database, in batches.

    Args:
        database: where to.
        capacity: rows that wait at most.
        batch: rows that are written together at most, and that are waited for.
        interval: seconds that a row waits at most, while the database answers.
        metrics: where rows are counted.
    """

    def __init__(
        self,
        database: Database,
        *,
        capacity: int = 10_000,
        batch: int = 500,
        interval: float = 0.5,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        self._metrics = metrics
        self._database = database
        self._batch = batch
        self._interval = interval
        self._waiting: deque[Usage] = deque(maxlen=capacity)
        self._enough = asyncio.Event()
        self._writing = asyncio.Lock()
        self._stopped = False
        self.dropped = 0

    def __len__(self) -> int:
        """Return the number of rows that wait."""
        return len(self._waiting)

    def record(self, usage: Usage) -> None:
        """Take note of a call; never fails and never waits."""
        if len(self._waiting) == self._waiting.maxlen:
            self.dropped += 1
        self._waiting.append(usage)
        self._metrics.set(USAGE_WAITING, len(self._waiting))
        if len(self._waiting) >= self._batch:
            self._enough.set()

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._stopped = True
        self._enough.set()

    async def run(self) -> None:
        """Write what is recorded, until `stop`; then write the rest and return."""
        while not self._stopped:
            try:
                async with asyncio.timeout(self._interval):
                    await self._enough.wait()
            except TimeoutError:
                pass
            self._enough.clear()
            await self.flush()
        await self.flush()

    async def flush(self) -> None:
        """Write what has been recorded so far; what can't be written now goes on waiting."""
        async with self._writing:
            dropped, self.dropped = self.dropped, 0
            if dropped:
                self._metrics.add(USAGE_DROPPED, dropped)
                log.error("usage_dropped", count=dropped)
            for _ in range(-(-len(self._waiting) // self._batch)):
                count = min(self._batch, len(self._waiting))
                left = await self._write([self._waiting.popleft() for _ in range(count)])
                if left:
                    self._put_back(left)
                self._metrics.set(USAGE_WAITING, len(self._waiting))
                if left:
                    return

    def _put_back(self, rows: list[Usage]) -> None:
        room = (self._waiting.maxlen or 0) - len(self._waiting)
        self.dropped += max(0, len(rows) - room)
        self._waiting.extendleft(reversed(rows[-room:] if room else []))

    async def _write(self, rows: list[Usage]) -> list[Usage]:
        """Return the rows that could not be written because the database is away."""
        try:
            await self._database.fetch(WRITE_USAGE, write_usage_parameters(rows))
        except DatabaseUnavailable as error:
            log.warning("usage_not_written", count=len(rows), reason=error.code)
            return rows
        except PassportScorerError as error:
            if len(rows) > 1:  # one bad row must not take the others with it
                return [row for one in rows for row in await self._write([one])]
            self._metrics.add(USAGE_REFUSED)
            log.error("usage_refused", reason=error.code)
            return []
        self._metrics.add(USAGE_WRITTEN, len(rows))
        return []
