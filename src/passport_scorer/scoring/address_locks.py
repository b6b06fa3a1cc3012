"""Requests for the same address wait for each other inside a process.

They would only race for the same rows: the database would tell all but one to start again.
"""

from __future__ import annotations

import asyncio

from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.domain.errors import PassportScorerError

PATIENCE = 10.0  # seconds; as long as whoever's turn it is may wait for one statement
MOST = 100  # requests for one address that are under way at the same time


class TooManyForAddress(PassportScorerError):
    """Too many requests for this address are under way. Try again."""

    code = "too_many_for_address"


class _Line:
    """Who has the turn of an address, and how many have it or wait for it."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class AddressLocks:
    """One at a time for each address.

    Args:
        patience: seconds that a request waits for its turn at most.
    """

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lines: dict[str, _Line] = {}

    def turn(self, address: str) -> Turn:
        """Return what is to be entered when it is the turn of an address, and left after it."""
        return Turn(self._lines, address, self._patience)


class Turn:
    """The turn of an address.

    Entering it waits for those who came before. It gives True if there were any, so that what
    was read may have changed.

    Raises:
        DatabaseUnavailable: those who came before have waited for the database for too long.
        TooManyForAddress: there are too many who wait.
    """

    __slots__ = ("_address", "_line", "_lines", "_patience")

    def __init__(self, lines: dict[str, _Line], address: str, patience: float) -> None:
        self._lines = lines
        self._address = address
        self._patience = patience

    async def __aenter__(self) -> bool:
        line = self._lines.get(self._address)
        if line is None:
            line = self._lines[self._address] = _Line()
        elif line.users >= MOST:
            raise TooManyForAddress
        self._line = line
        waited = line.users > 0
        line.users += 1
        try:
            await self._take()
        except BaseException:
            self._leave()
            raise
        return waited

    async def __aexit__(self, *_: object) -> None:
        self._line.lock.release()
        self._leave()

    async def _take(self) -> None:
        lock = self._line.lock
        if not lock.locked():
            await lock.acquire()
            return
        try:
            async with asyncio.timeout(self._patience):
                await lock.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable from error

    def _leave(self) -> None:
        self._line.users -= 1
        if not self._line.users:
            del self._lines[self._address]
