"""One row for each call of a partner, written in batches off the request's path.

Rows wait in memory, at most `capacity` of them and `max_bytes`, and are written every `interval`
seconds, or as soon as `batch` have come together. So a crash loses at most what has come in since
the last write. If the database is away they wait; beyond the bounds the oldest are dropped and
counted.

Source: specification, auth.md ("Usage analytics").
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from passport_scorer.auth.usage_backlog import Entry, UsageBacklog
from passport_scorer.auth.usage_writer import UsageWriter
from passport_scorer.db.database import Database
from passport_scorer.domain.usage import Usage
from passport_scorer.telemetry.metrics import NO_METRICS, USAGE_DROPPED, USAGE_WAITING, Metrics

BATCH_BYTES = 4 * 1024 * 1024  # of rows that are written together at most

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
        max_bytes: bytes of memory that they take at most.
        batch: rows that are written together at most, and that are waited for.
        interval: seconds that a row waits at most, while the database answers.
        metrics: where rows are counted.
    """

    def __init__(
        self,
        database: Database,
        *,
        capacity: int = 10_000,
        max_bytes: int = 16 * 1024 * 1024,
        batch: int = 500,
        interval: float = 0.5,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        self._metrics = metrics
        self._writer = UsageWriter(database, metrics)
        self._batch = batch
        self._interval = interval
        self._backlog = UsageBacklog(capacity, max_bytes)
        self._enough = asyncio.Event()
        self._writing = asyncio.Lock()
        self._stopped = False

    def __len__(self) -> int:
        """Return the number of rows that wait."""
        return len(self._backlog)

    @property
    def dropped(self) -> int:
        """Rows that were dropped since that was last reported."""
        return self._backlog.dropped

    def record(self, usage: Usage) -> None:
        """Take note of a call; never fails and never waits."""
        self._backlog.add(usage)
        self._metrics.set(USAGE_WAITING, len(self._backlog))
        if len(self._backlog) >= self._batch:
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
            self._report_dropped()
            rows = len(self._backlog)
            while rows > 0 and (batch := self._backlog.take(self._batch, BATCH_BYTES)):
                rows -= len(batch)
                if await self._write(batch):
                    return

    async def _write(self, batch: list[Entry]) -> int:
        """Return how many rows go on waiting."""
        try:
            await self._writer.write(batch)
        finally:  # also if the caller gives up
            left = self._backlog.settle(batch)
            self._metrics.set(USAGE_WAITING, len(self._backlog))
        return left

    def _report_dropped(self) -> None:
        dropped, self._backlog.dropped = self._backlog.dropped, 0
        if dropped:
            self._metrics.add(USAGE_DROPPED, dropped)
            log.error("usage_dropped", count=dropped)
