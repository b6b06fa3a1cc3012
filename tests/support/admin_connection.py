"""A connection for statements between tests, usable from code that is not asynchronous."""

from __future__ import annotations

import asyncio
from threading import Thread
from types import TracebackType
from typing import Any, Self

import asyncpg


class AdminConnection:
    """A connection on an event loop of its own.

    The loop that tests run on is busy when fixtures need a statement, and a psql process for each
    would take longer than the statement.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._connection: Any = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._connection = self._run(asyncpg.connect(self._url))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def execute(self, sql: str) -> None:
        """Execute a statement; raises asyncpg.PostgresError."""
        self._run(self._connection.execute(sql))

    def _run(self, awaitable: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result()
