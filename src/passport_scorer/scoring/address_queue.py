"""Requests for the same address wait for each other inside a process.

They would only race for the same rows: the database would tell all but one to start again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from passport_scorer.db.errors import DatabaseUnavailable

PATIENCE = 10.0  # seconds; as long as whoever's turn it is may wait for one statement


class AddressQueue:
    """One at a time for each address.

    Args:
        patience: seconds that a request waits for its turn at most.
    """

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def turn(self, addresses: Iterable[str]) -> AsyncIterator[bool]:
        """Wait until it is the turn of all these addresses.

        Yields:
            True if somebody else came before, so that what was read may have changed.

        Raises:
            DatabaseUnavailable: those who came before have waited for the database for too long.
        """
        waited = False
        async with AsyncExitStack() as stack:
            for address in sorted(set(addresses)):  # in one order: no two can wait for each other
                waited |= address in self._locks
                await stack.enter_async_context(self._turn(address))
            yield waited

    @asynccontextmanager
    async def _turn(self, address: str) -> AsyncIterator[None]:
        lock = self._locks.setdefault(address, asyncio.Lock())
        self._users[address] = self._users.get(address, 0) + 1
        try:
            await self._take(lock)
            try:
                yield
            finally:
                lock.release()
        finally:
            self._users[address] -= 1
            if not self._users[address]:
                del self._users[address], self._locks[address]

    async def _take(self, lock: asyncio.Lock) -> None:
        if not lock.locked():
            await lock.acquire()
            return
        try:
            async with asyncio.timeout(self._patience):
                await lock.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable from error
