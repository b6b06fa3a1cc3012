"""Writes rows of usage analytics exactly once.

Ids are allocated first and kept: if the result of a commit is unknown, the attempt is repeated with
the same ids, and existing rows are skipped.
"""

from __future__ import annotations

from collections.abc import Sequence

from passport_scorer.auth.usage_backlog import QueuedUsage
from passport_scorer.db.batch_bisection import bisect_failures
from passport_scorer.db.database import Database
from passport_scorer.db.errors import DatabaseUnavailable, QueryFailed, RowLocked
from passport_scorer.db.queries.usage import (
    allocate_usage_ids,
    insert_usage,
    insert_usage_without_ids,
)
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import USAGE_REJECTED, USAGE_WRITTEN, Metrics


class UsageWriter:
    """Writes batches.

    Args:
        database: the database to write to.
        metrics: counts rows.
    """

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics
        self._allocates_ids = True

    async def write(self, batch: Sequence[QueuedUsage]) -> None:
        """Write rows and mark them as done, including rows that the database rejects for good.

        The others must be retried later: the database is unavailable, or their ids were taken. A
        rejected batch is bisected to find the rows at fault.
        """
        try:
            if self._allocates_ids:
                await self._identify([entry for entry in batch if entry.id is None])
            results = await bisect_failures(self._insert, batch)
        except (DatabaseUnavailable, RowLocked) as error:
            waiting = sum(not entry.is_done for entry in batch)
            log.warning("usage_not_written", count=waiting, reason=error.code)
            return
        for entry, result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                self._reject(entry, result)

    async def _identify(self, entries: Sequence[QueuedUsage]) -> None:
        if not entries:
            return
        try:
            ids = await allocate_usage_ids(self._database, len(entries))
            sqlstate = None
        except QueryFailed as error:
            ids, sqlstate = [], error.sqlstate
        if not ids:
            self._allocates_ids = False
            log.warning("usage_ids_not_allocated", sqlstate=sqlstate)
            return
        for entry, new_id in zip(entries, ids, strict=True):
            entry.id = new_id

    async def _insert(self, entries: Sequence[QueuedUsage]) -> list[None]:
        """Write all of them or none."""
        is_certain = False
        try:
            taken = await self._written(entries)
            is_certain = True
        except PassportScorerError as error:
            is_certain = getattr(error, "rolled_back", True)
            raise
        finally:
            if not is_certain:  # canceled, or no answer
                for entry in entries:
                    entry.is_uncertain = True
        for entry in entries:
            entry.is_done = entry not in taken
        self._metrics.add(USAGE_WRITTEN, len(entries) - len(taken))
        if taken:
            log.warning("usage_ids_taken", count=len(taken))
        return [None] * len(entries)

    async def _written(self, entries: Sequence[QueuedUsage]) -> Sequence[QueuedUsage]:
        """Write rows, and return those whose ids were taken by other rows."""
        usages = [entry.usage for entry in entries]
        # A transaction, because there a statement waits longer for a lock than in a request.
        ids = [entry.id for entry in entries if entry.id is not None]
        if len(ids) < len(entries):
            async with self._database.transaction() as connection:
                await insert_usage_without_ids(connection, usages)
            return ()
        async with self._database.transaction() as connection:
            written = await insert_usage(connection, usages, ids)
        if len(written) == len(entries):
            return ()
        taken = [e for e in entries if e.id not in written and not e.is_uncertain]
        for entry in taken:
            entry.id = None
        return taken

    def _reject(self, entry: QueuedUsage, error: Exception) -> None:
        entry.is_done = True
        self._metrics.add(USAGE_REJECTED)
        code = error.code if isinstance(error, PassportScorerError) else type(error).__name__
        log.error("usage_rejected", reason=code)
