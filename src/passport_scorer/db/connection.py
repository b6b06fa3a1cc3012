"""A connection of the pool: runs statements, and translates their failures."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

from passport_scorer.db.connecting import DatabaseSettings, unavailable
from passport_scorer.db.connection_errors import Fault, Reason, Scope, fault_of
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.db.statement import Parameters, Query, Row
from passport_scorer.db.statement_errors import statement_error
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.telemetry import Telemetry
from passport_scorer.telemetry.metrics import QUERY_DURATION, QUERY_ERRORS

MIN_AGE = 1.0  # seconds; a younger connection to a read-only server is not replaced
JITTER = 0.2  # fraction of the maximum age, so that connections are not replaced all at once

Result = TypeVar("Result")
Ask = Callable[..., Awaitable[Result]]


class Observer(Protocol):
    """Is notified of failures."""

    def failed(self, failure: DatabaseUnavailable) -> None:
        """Report a failure of a connection or of the server; its cause is the driver's error."""

    def renew_from(self, generation: int) -> None:
        """Replace every connection of this generation before it is used again."""


class Connection:
    """One connection, or one transaction on it.

    Attributes:
        driver: asyncpg's connection.
        generation: the pool's generation when it was opened.
        is_pooled: True behind a transaction pooler.
        is_lost: True if it must not be used again.
        expires: the `time.perf_counter()` at which it reaches its maximum age.
    """

    __slots__ = (
        "_is_uncommitted",
        "_observer",
        "_opened",
        "_settings",
        "_telemetry",
        "driver",
        "expires",
        "generation",
        "is_lost",
        "is_pooled",
    )

    def __init__(
        self,
        driver: Any,
        settings: DatabaseSettings,
        telemetry: Telemetry,
        observer: Observer,
        *,
        generation: int,
        is_pooled: bool,
    ) -> None:
        self.driver = driver
        self.generation = generation
        self.is_pooled = is_pooled
        self.is_lost = False
        self._settings = settings
        self._telemetry = telemetry
        self._observer = observer
        self._opened = time.perf_counter()
        self._is_uncommitted = False
        age = settings.connection_max_age
        self.expires = self._opened + age * (1 - random.uniform(0, JITTER))  # noqa: S311

    async def fetch(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Run a query and return its rows.

        Raises:
            DatabaseUnavailable: the connection broke, or no answer came in time.
            RowLocked: another transaction holds a lock for too long.
            WriteConflict: another transaction changed first what the statement relies on.
            ValueRefused: the database can't store a value.
            QueryFailed: the database rejected the statement for another reason.
        """
        arguments = query.arguments(parameters)
        records = await self._run(query.name, self.driver.fetch, query.sql, *arguments)
        return [query.row(*record) for record in records]

    async def read(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Run a query that changes nothing; see `fetch`."""
        return await self.fetch(query, parameters)

    @asynccontextmanager
    async def transaction(self, *, lock_timeout: float | None = None) -> AsyncIterator[None]:
        """Run the statements of the context in one transaction.

        Args:
            lock_timeout: seconds that each of its statements waits for a lock.

        Raises:
            DatabaseUnavailable: the connection broke, or no answer came in time.
            RowLocked: another transaction holds a lock for too long.
            WriteConflict: it conflicts with transactions that were committed meanwhile.
            QueryFailed: it can't be committed.
        """
        self._is_uncommitted = True  # until COMMIT is sent, no failure can leave it committed
        try:
            await self._run("begin", self.driver.execute, self._begin(lock_timeout))
            try:
                yield
            except BaseException:
                if not self.is_lost:
                    await self._run("rollback", self.driver.execute, "ROLLBACK")
                raise
        finally:
            self._is_uncommitted = False
        await self._run("commit", self.driver.execute, "COMMIT")

    def _begin(self, lock_timeout: float | None) -> str:
        settings = self._settings
        lock = settings.transaction_lock_timeout if lock_timeout is None else lock_timeout
        timeouts = settings.session_parameters(lock)
        if not self.is_pooled:  # the session already has the others
            timeouts = {"lock_timeout": timeouts["lock_timeout"]}
        return "BEGIN; " + "; ".join(f"SET LOCAL {name} = {ms}" for name, ms in timeouts.items())

    async def _run(self, name: str, ask: Ask[Result], *arguments: object) -> Result:
        """Wait for the server, with a span and metrics; translate failures."""
        metrics = self._telemetry.metrics
        started = time.perf_counter()
        try:
            with self._telemetry.traces.query(name):
                try:
                    return await ask(*arguments)
                except asyncio.CancelledError:
                    self.is_lost = True  # the driver asks the server to cancel the statement
                    raise
                except Exception as error:
                    translated = await self._translated(error)
                    if translated is error:
                        raise
                    raise translated from error
        except PassportScorerError as error:
            metrics.add(QUERY_ERRORS, 1, name, error.code)
            raise
        finally:
            metrics.observe(QUERY_DURATION, time.perf_counter() - started, name)

    async def _translated(self, error: Exception) -> Exception:
        if fault := fault_of(error):
            return self._unavailable(fault, error)
        if getattr(error, "severity", None) is None:  # rejected by the driver, not the server
            # The server has parsed the statement, whose values could not be sent, and keeps its
            # locks until the next message; a proxy keeps the server assigned to us just as long.
            await self._run("end_statement", self.driver.execute, "SELECT")
        return statement_error(error) or error

    def _unavailable(self, fault: Fault, error: BaseException) -> DatabaseUnavailable:
        """Decide whether this connection and the others can be used after a fault."""
        # If a new connection finds the server read-only, so would the next one; this one keeps
        # serving reads.
        is_young = time.perf_counter() - self._opened < MIN_AGE
        if fault.scope is not Scope.STATEMENT and not (
            fault.reason is Reason.READ_ONLY and is_young
        ):
            self.is_lost = True
            if fault.scope is Scope.SERVER:
                self._observer.renew_from(self.generation)
        failure = unavailable(fault, is_worth_retrying=self.is_lost)
        failure.rolled_back |= self._is_uncommitted
        failure.__cause__ = error
        self._observer.failed(failure)
        return failure
