"""Retries of write conflicts: the work starts again from the beginning, in a new transaction.

A `WriteConflict` says that the data a decision was based on has changed before the decision was
saved. Nothing was committed then, so the work can load, decide and save again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from passport_scorer.db.database import Connection, Database
from passport_scorer.db.errors import WriteConflict
from passport_scorer.scoring.slots import Slots
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import NO_METRICS, WRITE_CONFLICTS, Metrics

MAX_ATTEMPTS = 5
_RESERVED_CONNECTIONS = 2  # for the shared load and save

Result = TypeVar("Result")
Work = Callable[[Connection], Awaitable[Result]]


class WriteRetries:
    """Runs work in transactions until one of them has no write conflict.

    Args:
        database: where the transactions run.
        metrics: where conflicts are counted.
    """

    def __init__(self, database: Database, metrics: Metrics = NO_METRICS) -> None:
        self._database = database
        self._metrics = metrics
        # A transaction can wait for a row lock; those that do must not take every connection.
        self._slots = Slots(max(1, database.settings.pool_size - _RESERVED_CONNECTIONS))

    async def run(self, work: Work[Result], *, attempts: int = MAX_ATTEMPTS) -> Result:
        """Run `work` in a transaction, again from the start after each write conflict.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            WriteConflict: every attempt had one; nothing was written.
        """
        for left in reversed(range(attempts)):
            try:
                async with self._slots.slot(), self._database.transaction() as connection:
                    return await work(connection)
            except WriteConflict:
                self._metrics.add(WRITE_CONFLICTS)
                log.info("write_conflict", tries_left=left)
                if not left:
                    raise
        raise AssertionError("unreachable")
