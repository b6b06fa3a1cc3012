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
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.db.reasons import Fault, Reason, Scope
from passport_scorer.telemetry.metrics import POOL_CONNECTIONS, POOL_MAXIMUM, Metrics

CLOSE_SECONDS = 2.0  # to close a connection in the background, and cancel its statement

_Waiter = asyncio.Future["Connection | None"]
_EXHAUSTED = Fault(Reason.POOL_EXHAUSTED, Scope.STATEMENT, rolled_back=True)


class Pool:
    """At most `size` connections, opened when needed; the last one given back is taken first.

    Args:
        connect: opens a connection within so many seconds; raises DatabaseUnavailable.
        size: connections at most.
        acquire_timeout: seconds to wait for a free or new connection.
        metrics: where connections are counted.

    Attributes:
        generation: counts renewals; connections of an earlier one are not used again.
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

    def take(self, now: float) -> Connection | None:
        """Return an idle connection that can be used, None if there is none.

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
            DatabaseUnavailable: none became free or could be opened in time.
        """
        until = time.perf_counter() + self._acquire_timeout
        if self._is_closed:
            raise unavailable(_EXHAUSTED)
        if connection := self.take(time.perf_counter()):
            return connection
        if self._open < self._size:
            self._count(+1)
        elif connection := await self._wait(until):
            return connection
        while True:
            try:
                return await self._opened(until)
            except DatabaseUnavailable as error:
                # Others of this pool will be given back.
                if error.reason != Reason.TOO_MANY_CONNECTIONS or not self._open:
                    raise
            if connection := await self._wait(until):
                return connection

    async def _opened(self, until: float) -> Connection:
        """Open a connection, whose place is counted already."""
        try:
            connection = await self._connect(max(0.01, until - time.perf_counter()))
        except DatabaseUnavailable as error:
            if error.reason == Reason.TOO_MANY_CONNECTIONS:
                self._count(-1)  # whoever waits would only be refused, too
            else:
                self._free_place()
            raise
        except BaseException:
            self._free_place()
            raise
        self._connections.add(connection)
        return connection

    async def _wait(self, until: float) -> Connection | None:
        """Wait for a connection, or for the place of one: None."""
        loop = asyncio.get_running_loop()
        waiter: _Waiter = loop.create_future()
        seconds = until - time.perf_counter()
        timer = loop.call_later(seconds, _give_up, waiter)
        self._waiting.append(waiter)
        try:
            return await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                self._hand_back(waiter.result())
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
            raise
        finally:
            timer.cancel()

    def _hand_back(self, handed: Connection | None) -> None:
        """Pass on what was handed to a waiter who has gone away meanwhile."""
        if handed is None:
            self._free_place()
        else:
            self.give_back(handed)

    def give_back(self, connection: Connection) -> None:
        """Take a connection back: for the first waiter, or idle, or to be closed."""
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
        """Close a connection without waiting, and let a waiter open another in its place."""
        self._connections.discard(connection)
        if connection.is_lost and not connection.driver.is_closed():
            # Its statement may be running, and is canceled first.
            task = asyncio.get_running_loop().create_task(_close(connection.driver))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        else:
            with suppress(asyncpg.InterfaceError):  # closed already
                connection.driver.terminate()
        self._free_place()

    def _free_place(self) -> None:
        """Give the place of a connection that is gone to a waiter, if there is one."""
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
        """Replace every connection before it is used again; nothing is waited for."""
        self.generation += 1
        idle, self._idle = self._idle, []
        for connection in idle:
            self._discard(connection)

    async def close(self) -> None:
        """Close every connection; those in use first finish, for as long as one is waited for."""
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


def _give_up(waiter: _Waiter) -> None:
    if not waiter.done():
        waiter.set_exception(unavailable(_EXHAUSTED))


async def _close(driver: Any) -> None:
    with suppress(Exception):
        await driver.close(timeout=CLOSE_SECONDS)
