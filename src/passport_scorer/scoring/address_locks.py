"""A keyed lock: inside a process, requests for the same address run one at a time.

Otherwise they would change the same rows at the same time, and all but one would get a write
conflict and start again.
"""

from __future__ import annotations

import asyncio

from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.domain.errors import PassportScorerError

QUEUE_TIMEOUT = 10.0  # seconds; as long as the holder of the lock can wait for one statement
MAX_IN_FLIGHT = 100  # requests for one address that hold its lock or wait for it


class TooManyForAddress(PassportScorerError):
    """Too many requests for this address are in progress. Please try again."""

    code = "too_many_for_address"


class _CountedLock:
    """The lock of an address, and how many tasks hold it or wait for it."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class AddressLocks:
    """One lock for each address in use.

    Args:
        queue_timeout: seconds that a request waits for a lock.
    """

    def __init__(self, *, queue_timeout: float = QUEUE_TIMEOUT) -> None:
        self._queue_timeout = queue_timeout
        self._locks: dict[str, _CountedLock] = {}

    def hold(self, address: str) -> HeldLock:
        """Return a context manager that holds the lock of an address."""
        return HeldLock(self._locks, address, self._queue_timeout)


class HeldLock:
    """Holds the lock of an address from entry to exit.

    Entering waits for the tasks that came before, first come, first served. It returns True if
    there were any: data loaded before the wait can be out of date then.

    Raises:
        DatabaseUnavailable: the tasks that came before took too long.
        TooManyForAddress: too many tasks wait for this lock already.
    """

    # A class instead of a generator: entering and leaving are part of every request.
    __slots__ = ("_address", "_entry", "_locks", "_queue_timeout")

    def __init__(self, locks: dict[str, _CountedLock], address: str, queue_timeout: float) -> None:
        self._locks = locks
        self._address = address
        self._queue_timeout = queue_timeout

    async def __aenter__(self) -> bool:
        entry = self._locks.get(self._address)
        if entry is None:
            entry = self._locks[self._address] = _CountedLock()
        elif entry.users >= MAX_IN_FLIGHT:
            raise TooManyForAddress
        self._entry = entry
        waited = entry.users > 0
        entry.users += 1
        try:
            await self._acquire()
        except BaseException:
            self._leave()
            raise
        return waited

    async def __aexit__(self, *_: object) -> None:
        self._entry.lock.release()
        self._leave()

    async def _acquire(self) -> None:
        lock = self._entry.lock
        if not lock.locked():
            await lock.acquire()
            return
        try:
            async with asyncio.timeout(self._queue_timeout):
                await lock.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable from error

    def _leave(self) -> None:
        self._entry.users -= 1
        if not self._entry.users:
            del self._locks[self._address]
