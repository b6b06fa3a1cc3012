"""Records one row for each call of a partner, in batches and off the request path.

Rows wait in memory, bounded by `capacity` and `max_bytes`, and are written every `interval`
seconds, or as soon as there are enough. A few are enough, so that a write is small and delays no
request. The more requests keep the event loop busy, the longer a write takes, and the larger is the
next one. A crash loses the rows since the last write. If the database is
unavailable, rows wait for the next interval; beyond the bounds, the oldest are dropped and counted.

Source: docs/rules/authentication.md, "Usage analytics".
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from passport_scorer.auth.usage_backlog import QueuedUsage, UsageBacklog
from passport_scorer.auth.usage_writer import UsageWriter
from passport_scorer.db.database import Database
from passport_scorer.domain.usage import Usage
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import NO_METRICS, USAGE_DROPPED, USAGE_WAITING, Metrics

# Enough rows for a write. Composing one of 64 rows of 2 KB holds the event loop for 0.2 ms.
ENOUGH_ROWS = 64
ENOUGH_BYTES = 256 * 1024
BATCH_ROWS = 500  # maximum number of rows of a batch
BATCH_BYTES = 4 * 1024 * 1024  # maximum size of a batch


class UsageAnalytics(Protocol):
    """Records the usage of API keys."""

    def record(self, usage: Usage) -> None:
        """Record a call. Never blocks or raises."""

    async def run(self) -> None:
        """Write rows until `stop` is called; then write the rest and return."""

    async def flush(self) -> None:
        """Write the rows recorded so far."""

    def stop(self) -> None:
        """Make `run` return after a last write."""


class NoUsageAnalytics:
    """Records nothing."""

    def record(self, usage: Usage) -> None:
        """Ignore the call."""

    async def run(self) -> None:
        """Do nothing."""

    async def flush(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class BatchedUsageAnalytics:
    """Records usage in the database, in batches.

    Args:
        database: the database to write to.
        capacity: maximum number of waiting rows.
        max_bytes: maximum memory of waiting rows.
        enough: number of waiting rows that triggers a write.
        batch: maximum number of rows of a batch.
        interval: seconds between writes.
        metrics: counts rows.
    """

    def __init__(
        self,
        database: Database,
        *,
        capacity: int = 10_000,
        max_bytes: int = 16 * 1024 * 1024,
        enough: int = ENOUGH_ROWS,
        batch: int = BATCH_ROWS,
        interval: float = 0.5,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        self._metrics = metrics
        self._writer = UsageWriter(database, metrics)
        self._enough = enough
        self._batch = batch
        self._interval = interval
        self._backlog = UsageBacklog(capacity, max_bytes)
        self._is_due = asyncio.Event()
        self._writing = asyncio.Lock()
        self._stopped = False
        self._is_retrying = False  # rows couldn't be written

    def __len__(self) -> int:
        """Return the number of waiting rows."""
        return len(self._backlog)

    @property
    def dropped(self) -> int:
        """The number of rows dropped since the last report."""
        return self._backlog.dropped

    def record(self, usage: Usage) -> None:
        """Record a call. Never blocks or raises."""
        self._backlog.add(usage)
        self._metrics.set(USAGE_WAITING, len(self._backlog))
        if not self._is_retrying and self._has_enough():
            self._is_due.set()

    def _has_enough(self) -> bool:
        backlog = self._backlog
        return len(backlog) >= self._enough or backlog.waiting_bytes >= ENOUGH_BYTES

    def stop(self) -> None:
        """Make `run` return after a last write."""
        self._stopped = True
        self._is_due.set()

    async def run(self) -> None:
        """Write rows until `stop` is called; then write the rest and return."""
        while not self._stopped:
            try:
                async with asyncio.timeout(self._interval):
                    await self._is_due.wait()
            except TimeoutError:
                pass
            self._is_due.clear()
            await self.flush()
        await self.flush()

    async def flush(self) -> None:
        """Write the rows recorded so far; rows that can't be written keep waiting."""
        async with self._writing:
            self._report_dropped()
            rows = len(self._backlog)
            while rows > 0 and (batch := self._backlog.take(self._batch, BATCH_BYTES)):
                rows -= len(batch)
                if await self._write(batch):
                    return

    async def _write(self, batch: list[QueuedUsage]) -> int:
        """Write a batch, and return the number of rows that keep waiting."""
        try:
            await self._writer.write(batch)
        finally:  # also if the caller gives up
            left = self._backlog.settle(batch)
            self._is_retrying = left > 0
            self._metrics.set(USAGE_WAITING, len(self._backlog))
        return left

    def _report_dropped(self) -> None:
        dropped, self._backlog.dropped = self._backlog.dropped, 0
        if dropped:
            self._metrics.add(USAGE_DROPPED, dropped)
            log.error("usage_dropped", count=dropped)
