"""The pool of connections."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg

from passport_scorer.db.connecting import unavailable
from passport_scorer.db.connection import Connection
from passport_scorer.db.connection_errors import Fault, Reason, Scope
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.telemetry.metrics import POOL_CONNECTIONS, POOL_MAXIMUM, Metrics

CLOSE_SECONDS = 2.0  # to close a connection in the background, and cancel its statement

_Waiter = asyncio.Future["Connection | None"]
_EXHAUSTED = Fault(Reason.POOL_EXHAUSTED, Scope.STATEMENT, rolled_back=True)


class Pool:
    """A pool of connections, opened on demand and reused in last-in, first-out order.

    Idle connections are kept in a list of our own: acquiring one costs a few microseconds instead
    of the 70 µs of asyncpg's pool.

    Args:
        connect: opens a connection within a timeout in seconds; raises DatabaseUnavailable.
        size: maximum number of connections.
        acquire_timeout: seconds to wait for a free or new connection.
        metrics: counts connections.

    Attributes:
        generation: the number of renewals; connections of an earlier generation are not reused.
    """

    def __init__(
        self,
        connect: Callable[[float], Awaitable[Connection]],
        *,
        size: int,
        acquire_timeout: float,
        metrics: Metrics,
    ) -> None:
        self.generation = 0
        self._connect = connect
        self._size = size
        self._acquire_timeout = acquire_timeout
        self._metrics = metrics
        self._idle: list[Connection] = []
        self._waiting: deque[_Waiter] = deque()  # empty while a connection is idle
        self._open = 0  # or being opened
        self._connections: set[Connection] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._emptied: asyncio.Event | None = None
        metrics.set(POOL_MAXIMUM, size)

    def acquire_nowait(self, now: float) -> Connection | None:
        """Return a usable idle connection, or None.

        Args:
            now: `time.perf_counter()`.
        """
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.expires > now and self._is_usable(connection):
                return connection
            self._discard(connection)
        return None

    async def acquire(self) -> Connection:
        """Wait for a connection, idle or new.

        Raises:
            DatabaseUnavailable: no connection became free or could be opened in time.
        """
        until = time.perf_counter() + self._acquire_timeout
        if self._is_closed:
            raise unavailable(_EXHAUSTED)
        if connection := self.acquire_nowait(time.perf_counter()):
            return connection
        if self._open < self._size:
            self._count(+1)
        elif connection := await self._wait(until):
            return connection
        while True:
            try:
                return await self._opened(until)
            except DatabaseUnavailable as error:
                # Other connections of this pool will be released.
                if error.reason != Reason.TOO_MANY_CONNECTIONS or not self._open:
                    raise
            if connection := await self._wait(until):
                return connection

    async def _opened(self, until: float) -> Connection:
        """Open a connection in a slot that is already counted."""
        try:
            connection = await self._connect(max(0.01, until - time.perf_counter()))
        except DatabaseUnavailable as error:
            if error.reason == Reason.TOO_MANY_CONNECTIONS:
                self._count(-1)  # a waiter would be rejected, too
            else:
                self._free_slot()
            raise
        except BaseException:
            self._free_slot()
            raise
        self._connections.add(connection)
        return connection

    async def _wait(self, until: float) -> Connection | None:
        """Wait for a connection, or for a free slot: None."""
        loop = asyncio.get_running_loop()
        waiter: _Waiter = loop.create_future()
        seconds = until - time.perf_counter()
        timer = loop.call_later(seconds, _expire_waiter, waiter)
        self._waiting.append(waiter)
        try:
            return await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                self._pass_on(waiter.result())
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
            raise
        finally:
            timer.cancel()

    def _pass_on(self, handed: Connection | None) -> None:
        """Pass on the connection that a waiter got while it was being canceled."""
        if handed is None:
            self._free_slot()
        else:
            self.release(handed)

    def release(self, connection: Connection) -> None:
        """Give a connection to the first waiter, or keep it idle, or close it."""
        if self._is_closed or not self._is_usable(connection):
            self._discard(connection)
        elif waiter := self._first_waiter():
            waiter.set_result(connection)
        else:
            self._idle.append(connection)
            if self._idle[0].expires < time.perf_counter():
                self._discard(self._idle.pop(0))

    def _first_waiter(self) -> _Waiter | None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    def _is_usable(self, connection: Connection) -> bool:
        driver = connection.driver
        return not (
            connection.is_lost
            or connection.generation != self.generation
            or driver.is_closed()
            or driver.is_in_transaction()
        )

    def _discard(self, connection: Connection) -> None:
        """Close a connection without waiting, and free its slot."""
        self._connections.discard(connection)
        if connection.is_lost and not connection.driver.is_closed():
            # Its statement may still be running, and is canceled first.
            task = asyncio.get_running_loop().create_task(_close(connection.driver))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        else:
            with suppress(asyncpg.InterfaceError):  # closed already
                connection.driver.terminate()
        self._free_slot()

    def _free_slot(self) -> None:
        """Give the slot of a closed connection to the first waiter, if there is one."""
        if waiter := self._first_waiter():
            waiter.set_result(None)
        else:
            self._count(-1)

    def _count(self, change: int) -> None:
        self._open += change
        self._metrics.set(POOL_CONNECTIONS, self._open)
        if self._emptied and not self._open:
            self._emptied.set()

    def renew(self) -> None:
        """Replace every connection before its next use, without waiting."""
        self.generation += 1
        idle, self._idle = self._idle, []
        for connection in idle:
            self._discard(connection)

    async def close(self) -> None:
        """Close every connection, after waiting up to `acquire_timeout` for those in use."""
        self._is_closed = True
        self._emptied = asyncio.Event()
        while waiter := self._first_waiter():
            waiter.set_exception(unavailable(_EXHAUSTED))
        self.renew()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._acquire_timeout):
                if self._open:
                    await self._emptied.wait()
        for connection in self._connections:
            with suppress(asyncpg.InterfaceError):
                connection.driver.terminate()
        if self._closing:
            await asyncio.wait(self._closing)


def _expire_waiter(waiter: _Waiter) -> None:
    if not waiter.done():
        waiter.set_exception(unavailable(_EXHAUSTED))


async def _close(driver: Any) -> None:
    with suppress(Exception):
        await driver.close(timeout=CLOSE_SECONDS)
