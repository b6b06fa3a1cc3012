"""Requests for the same address wait for each other inside a process.

They would only race for the same rows: the database would tell all but one to start again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from passport_scorer.db.errors import DatabaseUnavailable

PATIENCE = 10.0  # seconds; as long as whoever's turn it is may wait for one statement


class _Line:
    """Who has the turn of an address, and how many have it or wait for it."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class AddressQueue:
    """One at a time for each address.

    Args:
        patience: seconds that a request waits for its turn at most.
    """

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[bool]:
        """Wait until it is the turn of an address.

        Yields:
            True if somebody else came before, so that what was read may have changed.

        Raises:
            DatabaseUnavailable: those who came before have waited for the database for too long.
        """
        line = self._lines.get(address)
        if line is None:
            line = self._lines[address] = _Line()
        waited = line.users > 0
        line.users += 1
        try:
            await self._take(line.lock)
            try:
                yield waited
            finally:
                line.lock.release()
        finally:
            line.users -= 1
            if not line.users:
                del self._lines[address]

    async def _take(self, lock: asyncio.Lock) -> None:
        if not lock.locked():
            await lock.acquire()
            return
        try:
            async with asyncio.timeout(self._patience):
                await lock.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable from error
