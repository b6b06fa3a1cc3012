"""A concurrency limit: a bounded number of tasks run; the others wait, but not forever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from passport_scorer.db.errors import DatabaseUnavailable

QUEUE_TIMEOUT = 3.0  # seconds; as long as the wait for a connection


class Slots:
    """Slots for work that needs a scarce resource of the database.

    Args:
        count: tasks that can hold a slot at the same time.
        queue_timeout: seconds that a task waits for a slot.
    """

    def __init__(self, count: int, *, queue_timeout: float = QUEUE_TIMEOUT) -> None:
        self._free = asyncio.Semaphore(count)
        self._queue_timeout = queue_timeout

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a slot.

        Raises:
            DatabaseUnavailable: no slot became free in time.
        """
        try:
            async with asyncio.timeout(self._queue_timeout):
                await self._free.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable from error
        try:
            yield
        finally:
            self._free.release()
