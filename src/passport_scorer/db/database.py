"""The database as the service uses it: statements and transactions on pooled connections.

Nothing depends on a session beyond its start-up parameters, and there is no LISTEN, so that
transaction poolers work. Source: docs/rules/deployment.md, "Database connections".
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from passport_scorer.db.connecting import Connector, DatabaseSettings, Refusal
from passport_scorer.db.connection import Connection
from passport_scorer.db.connection_errors import Reason
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.db.outage_log import OutageLog
from passport_scorer.db.pool import Pool
from passport_scorer.db.retry import can_retry_read, can_retry_write
from passport_scorer.db.statement import Parameters, Query, Row
from passport_scorer.telemetry import NO_TELEMETRY, Telemetry
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import POOL_FAILURES, POOL_IN_USE, POOL_WAIT

__all__ = ["Connection", "Database", "DatabaseSettings"]

Rows: TypeAlias = Coroutine[Any, Any, list[Row]]


class Database:
    """Runs statements on a pool, whose connections are replaced when they break or get old."""

    def __init__(self, settings: DatabaseSettings, telemetry: Telemetry = NO_TELEMETRY) -> None:
        self.settings = settings
        self._telemetry = telemetry
        self._outages = OutageLog(telemetry.metrics)
        self._connector = Connector(settings, _log_pooler)
        self._pool = Pool(
            self._connected,
            size=settings.pool_size,
            acquire_timeout=settings.acquire_timeout,
            metrics=telemetry.metrics,
        )

    async def _connected(self, seconds: float) -> Connection:
        generation = self._pool.generation
        timeout = self.settings.statement_timeout
        driver = await self._connector.connect(seconds, command_timeout=timeout)
        return Connection(
            driver,
            self.settings,
            self._telemetry,
            self,
            generation=generation,
            is_pooled=self._connector.is_pooled,
        )

    @property
    def is_pooled(self) -> bool:
        """True if a transaction pooler is configured or was detected."""
        return self._connector.is_pooled

    async def open(self) -> None:
        """Do nothing: connections are opened on first use."""

    async def close(self) -> None:
        """Close every connection, after a short wait for those in use."""
        await self._pool.close()

    async def renew(self) -> None:
        """Replace every connection before its next use, without waiting."""
        self._pool.renew()

    def renew_from(self, generation: int) -> None:
        """Replace every connection of this generation before its next use."""
        if generation == self._pool.generation:
            self._pool.renew()

    def failed(self, failure: DatabaseUnavailable) -> None:
        """Report a failure of a connection or of the server; its cause is the driver's error."""
        self._outages.failed(failure)
        if failure.reason == Reason.PREPARED_STATEMENT:
            self._connector.use_pooler_mode("prepared_statement_lost", failure.sqlstate)
            self._pool.renew()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Borrow a connection.

        Raises:
            DatabaseUnavailable: no connection became free or could be opened in time.
        """
        connection = await self._borrow()
        try:
            yield connection
        finally:
            self._release(connection)

    async def _borrow(self) -> Connection:
        metrics = self._telemetry.metrics
        started = time.perf_counter()
        try:
            connection = self._pool.acquire_nowait(started) or await self._pool.acquire()
        except DatabaseUnavailable as error:
            metrics.add(POOL_FAILURES)
            self._outages.failed(error)
            raise
        finally:
            metrics.observe(POOL_WAIT, time.perf_counter() - started)
        metrics.add(POOL_IN_USE)
        return connection

    def _release(self, connection: Connection) -> None:
        self._telemetry.metrics.add(POOL_IN_USE, -1)
        self._pool.release(connection)

    @asynccontextmanager
    async def transaction(self, *, lock_timeout: float | None = None) -> AsyncIterator[Connection]:
        """Borrow a connection for one transaction: committed at the end, or rolled back.

        Args:
            lock_timeout: seconds that each of its statements waits for a lock; by default the
                setting `transaction_lock_timeout`.

        Raises:
            DatabaseUnavailable: see `connection`.
        """
        async with (
            self.connection() as connection,
            connection.transaction(lock_timeout=lock_timeout),
        ):
            yield connection

    def fetch(self, query: Query[Parameters, Row], parameters: Parameters) -> Rows[Row]:
        """Run one query on any connection and return its rows.

        Retried once on another connection if this one is broken and it is certain that nothing
        was committed.

        Raises:
            DatabaseUnavailable: see `connection` and `Connection.fetch`.
            RowLocked: another transaction holds a lock for longer than `lock_timeout`.
        """
        return self._fetch(query, parameters, can_retry_write)

    def read(self, query: Query[Parameters, Row], parameters: Parameters) -> Rows[Row]:
        """Run one query that changes nothing; see `fetch`.

        Also retried if the connection broke, which is noticed only on use.
        """
        return self._fetch(query, parameters, can_retry_read)

    async def _fetch(
        self,
        query: Query[Parameters, Row],
        parameters: Parameters,
        can_retry: Callable[[DatabaseUnavailable], bool],
    ) -> list[Row]:
        is_retry = False
        while True:
            connection = None
            # The same as `connection`, without the cost of a context manager on the hot path.
            try:
                connection = await self._borrow()
                if connection.is_pooled:
                    rows = await self._in_transaction(connection, query, parameters)
                else:
                    rows = await connection.fetch(query, parameters)
                if self._outages.reasons:
                    self._outages.worked(connection.driver)
                return rows
            except DatabaseUnavailable as error:
                if is_retry or not can_retry(error):
                    raise
                is_retry = True
            finally:
                if connection is not None:
                    self._release(connection)

    async def _in_transaction(
        self, connection: Connection, query: Query[Parameters, Row], parameters: Parameters
    ) -> list[Row]:
        """Run one query with the timeouts that a pooled session does not have."""
        async with connection.transaction(lock_timeout=self.settings.lock_timeout):
            return await connection.fetch(query, parameters)


def _log_pooler(reason: Refusal, sqlstate: str | None) -> None:
    log.warning(
        "database_pooler_detected",
        reason=reason,
        sqlstate=sqlstate,
        message="connected without start-up parameters and prepared statements;"
        " set DATABASE_PREPARED_STATEMENTS=off to do so from the start",
    )
