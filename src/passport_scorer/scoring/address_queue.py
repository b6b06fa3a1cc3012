"""Requests for the same address wait for each other inside a process.

They would only race for the same rows: the database would tell all but one to start again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager


class AddressQueue:
    """One at a time for each address."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def turn(self, addresses: Iterable[str]) -> AsyncIterator[bool]:
        """Wait until it is the turn of all these addresses.

        Yields:
            True if somebody else came before, so that what was read may have changed.
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
            async with lock:
                yield
        finally:
            self._users[address] -= 1
            if not self._users[address]:
                del self._users[address], self._locks[address]
