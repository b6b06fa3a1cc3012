"""The pool of connections, and the one way in which statements are run.

Nothing here depends on a session: no session settings beyond those a connection starts with,
no LISTEN. Source: specification, operations.md ("Database connections").
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg
import msgspec

from passport_scorer.db import timestamps
from passport_scorer.db.errors import (
    DatabaseUnavailable,
    LostRace,
    QueryFailed,
    RowLocked,
    ValueRefused,
)
from passport_scorer.db.query import Parameters, Query, Row
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.telemetry import NO_TELEMETRY, Telemetry
from passport_scorer.telemetry.metrics import (
    POOL_CONNECTIONS,
    POOL_FAILURES,
    POOL_IN_USE,
    POOL_MAXIMUM,
    POOL_WAIT,
    QUERY_DURATION,
    QUERY_ERRORS,
)

_BROKEN = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
)
# The server is up, but doesn't take this work now: restarting, out of connections, out of disk.
_REFUSED = (
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)

# Somebody else was faster; `write_scoring.sql` finds out by itself, and says whose race was lost:
# a bit for each decision, in the id of a community that doesn't exist.
_FALLEN = re.compile(r"\(community_id\)=\(-([0-9]+)\)")
_LOST_RACES = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.UniqueViolationError,
)
# Planning the large statements costs more than running them; their plans don't depend on values.
_SESSION = {"jit": "off", "plan_cache_mode": "force_generic_plan"}


Result = TypeVar("Result")
Ask = Callable[..., Awaitable[Result]]


class DatabaseSettings(msgspec.Struct, frozen=True):
    """How to reach PostgreSQL.

    Attributes:
        url: a `postgresql://` URL; may hold a password, so it is never logged.
        pool_size: connections of one process at most.
        acquire_timeout: seconds to wait for a free or new connection.
        statement_timeout: seconds to wait for the answer to one statement.
        prepared_statements: False behind a proxy that gives each transaction another session.
    """

    url: str
    pool_size: int = 5
    acquire_timeout: float = 3.0
    statement_timeout: float = 10.0
    prepared_statements: bool = True


class Connection:
    """One connection, or one transaction on it: runs queries and knows no SQL.

    Attributes:
        driver: asyncpg's connection.
        generation: of connections that it belongs to.
    """

    def __init__(
        self, driver: Any, statement_timeout: float, telemetry: Telemetry, generation: int
    ) -> None:
        self.driver = driver
        self.generation = generation
        self._timeout = statement_timeout
        self._telemetry = telemetry
        self._lost = False
        self._is_late = False

    async def fetch(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Run a query and return its rows.

        Raises:
            DatabaseUnavailable: the connection broke, or no answer came in time.
            LostRace: somebody else changed first what the statement relies on.
            ValueRefused: the database can't hold a value.
            QueryFailed: the database refused the statement for another reason.
        """
        arguments = query.arguments(parameters)
        records = await self._measured(query.name, self.driver.fetch, query.sql, *arguments)
        return [query.row(*record) for record in records]

    async def _measured(self, name: str, ask: Ask[Result], *arguments: object) -> Result:
        """Wait for the server as `_in_time` does; in a span, and counted."""
        metrics = self._telemetry.metrics
        started = time.perf_counter()
        try:
            with self._telemetry.traces.query(name):
                return await self._in_time(ask, *arguments)
        except PassportScorerError as error:
            metrics.add(QUERY_ERRORS, 1, name, error.code)
            raise
        finally:
            metrics.observe(QUERY_DURATION, time.perf_counter() - started, name)

    async def _in_time(self, ask: Ask[Result], *arguments: object) -> Result:
        """Wait for the server for a bounded time, and translate what goes wrong."""
        # Less than `asyncio.timeout` costs, which cancels the task: whoever waits for a connection
        # is told when it is abandoned.
        end = asyncio.get_running_loop().call_later(self._timeout, self._give_up)
        try:
            return await ask(*arguments)
        except ValueError as error:
            await self._end_statement()
            raise ValueRefused from error
        except (*_BROKEN, *_REFUSED) as error:
            self._abandon()
            raise DatabaseUnavailable from TimeoutError() if self._is_late else error
        except asyncio.CancelledError:
            self._abandon()
            raise
        except asyncpg.PostgresError as error:
            if error.severity is None:  # it isn't the server who refuses, but the driver
                await self._end_statement()
            raise _translated(error) from error
        finally:
            end.cancel()

    async def _end_statement(self) -> None:
        """End a statement whose values couldn't be sent.

        The server has parsed it by then, and holds its locks until it hears from us again; a
        proxy holds the server for us as long.
        """
        await self._in_time(self.driver.execute, "SELECT")

    def _give_up(self) -> None:
        self._is_late = True
        self._abandon()

    def _abandon(self) -> None:
        """Nothing is known of a connection that was left in the middle of a statement."""
        self._lost = True
        with suppress(asyncpg.InterfaceError):  # it may be gone already
            self.driver.terminate()

    async def read(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """As `fetch`, for a query that changes nothing."""
        return await self.fetch(query, parameters)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Make what is run meanwhile one transaction.

        Raises:
            DatabaseUnavailable: the connection broke, or no answer came in time.
            LostRace: it can't be committed next to what others have committed.
            QueryFailed: it can't be committed.
        """
        await self._measured("begin", self.driver.execute, "BEGIN")
        try:
            yield
        except BaseException:
            if not self._lost:
                await self._measured("rollback", self.driver.execute, "ROLLBACK")
            raise
        await self._measured("commit", self.driver.execute, "COMMIT")

    async def execute(self, query: Query[Parameters, Any], parameters: Parameters) -> None:
        """Run a query for what it does."""
        await self.fetch(query, parameters)


class Database:
    """A pool of connections that are kept, and replaced when they break.

    What is given back while nobody waits stays at hand, and isn't handed in to the pool, which
    makes much of it.
    """

    def __init__(self, settings: DatabaseSettings, telemetry: Telemetry = NO_TELEMETRY) -> None:
        self.settings = settings
        self._telemetry = telemetry
        self._pool: Any = None
        self._at_hand: list[Any] = []
        self._waiting = 0  # for the pool
        self._generation = 0  # of connections; those of an earlier one are replaced

    async def open(self) -> None:
        """Make the pool; connections are opened when they are first needed.

        Raises:
            DatabaseUnavailable: the URL can't be used.
        """
        settings = self.settings
        self._telemetry.metrics.set(POOL_MAXIMUM, settings.pool_size)
        prepared = settings.prepared_statements
        try:
            self._pool = await asyncpg.create_pool(
                settings.url,
                min_size=0,
                max_size=settings.pool_size,
                max_inactive_connection_lifetime=0,
                max_queries=0x7FFFFFFF,
                timeout=settings.acquire_timeout,
                init=timestamps.register,
                reset=_keep_as_it_is,
                statement_cache_size=100 if prepared else 0,
                # A proxy may refuse start-up settings that it doesn't know.
                server_settings=_SESSION if prepared else {},
            )
        except (*_BROKEN, *_REFUSED, ValueError) as error:
            raise DatabaseUnavailable from error

    async def close(self) -> None:
        """Close every connection; those in use first finish, for a short while."""
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(self.settings.acquire_timeout):
                self._generation += 1  # those in use are handed in, too
                while self._at_hand:
                    await self._pool.release(self._at_hand.pop())
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def renew(self) -> None:
        """Replace every connection before it is used again."""
        self._generation += 1
        await self._pool.expire_connections()
        while self._at_hand:  # nothing is waited for: there may be nobody at the other end
            with suppress(asyncpg.InterfaceError):
                self._at_hand.pop().terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Borrow a connection.

        Raises:
            DatabaseUnavailable: none became free or could be opened in time.
        """
        connection = await self._borrow()
        try:
            yield connection
        finally:
            await self._give_back(connection)

    async def _borrow(self) -> Connection:
        generation = self._generation
        driver = await self._acquire()
        return Connection(driver, self.settings.statement_timeout, self._telemetry, generation)

    async def _give_back(self, connection: Connection) -> None:
        driver = connection.driver
        self._telemetry.metrics.add(POOL_IN_USE, -1)
        is_current = connection.generation == self._generation
        if is_current and not self._waiting and _can_be_used_again(driver):
            self._at_hand.append(driver)
        else:
            await self._pool.release(driver)

    async def _acquire(self) -> Any:
        metrics = self._telemetry.metrics
        started = time.perf_counter()
        try:
            driver = await self._free()
        except (TimeoutError, *_BROKEN, *_REFUSED) as error:
            metrics.add(POOL_FAILURES)
            raise DatabaseUnavailable from error
        finally:
            metrics.observe(POOL_WAIT, time.perf_counter() - started)
        metrics.add(POOL_IN_USE)
        return driver

    async def _free(self) -> Any:
        while self._at_hand:
            driver = self._at_hand.pop()
            if _can_be_used_again(driver):
                return driver
            await self._pool.release(driver)  # it takes note, and opens another when there is need
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self.settings.acquire_timeout)
        finally:
            self._waiting -= 1
            self._telemetry.metrics.set(POOL_CONNECTIONS, self._pool.get_size())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Borrow a connection for one transaction: committed at the end, or rolled back.

        Raises:
            DatabaseUnavailable: see `connection`.
        """
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def fetch(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Run one query on any connection and return its rows.

        Raises:
            DatabaseUnavailable: see `connection` and `Connection.fetch`.
        """
        # As `connection` does, without what a context manager costs.
        connection = await self._borrow()
        try:
            return await connection.fetch(query, parameters)
        finally:
            await self._give_back(connection)

    async def read(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """As `fetch`, for a query that changes nothing: tried once more on another connection.

        A connection that broke while it was idle shows only when it is used.
        """
        try:
            return await self.fetch(query, parameters)
        except DatabaseUnavailable as error:
            if isinstance(error.__cause__, TimeoutError):
                raise
            return await self.fetch(query, parameters)


def _can_be_used_again(driver: Any) -> bool:
    try:
        return not (driver.is_closed() or driver.is_in_transaction())
    except asyncpg.InterfaceError:  # it broke, and the pool has taken it back
        return False


def _translated(error: asyncpg.PostgresError) -> PassportScorerError:
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        found = _FALLEN.search(error.detail or "")
        return LostRace(losers=_ordinals(int(found[1]))) if found else QueryFailed()
    if isinstance(error, asyncpg.LockNotAvailableError):
        return RowLocked()
    if isinstance(error, _LOST_RACES):
        return LostRace()
    if isinstance(error, (asyncpg.DataError, asyncpg.ProgramLimitExceededError)):
        return ValueRefused()
    return QueryFailed()


def _ordinals(bits: int) -> list[int]:
    return [place + 1 for place in range(bits.bit_length()) if bits >> place & 1]


async def _keep_as_it_is(_connection: Any) -> None:
    """Instead of a reset, which costs a round trip: nothing here changes a session."""
