"""Requests for the same address run one at a time."""

import asyncio

import pytest

from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.scoring.address_locks import MAX_IN_FLIGHT, AddressLocks, TooManyForAddress


class Log:
    """Holds locks, and records when."""

    def __init__(self) -> None:
        self.locks = AddressLocks()
        self.events: list[str] = []

    async def hold(self, name: str, address: str, *, steps: int = 2) -> bool:
        """Hold a lock for some steps; return True if it was in use before."""
        async with self.locks.hold(address) as waited:
            self.events.append(f"{name} enters")
            for _ in range(steps):
                await asyncio.sleep(0)
            self.events.append(f"{name} leaves")
            return waited

    async def is_unused(self, address: str) -> bool:
        """Return True if no task holds the lock or waits for it."""
        return not await self.hold("last", address)


@pytest.fixture
def log() -> Log:
    """Locks, and a log of their holders."""
    return Log()


async def test_a_lock_is_first_come_first_served(log: Log) -> None:
    """The holders of one lock follow each other in the order of their calls."""
    await asyncio.gather(*(log.hold(name, "0xa") for name in "123"))
    assert log.events == ["1 enters", "1 leaves", "2 enters", "2 leaves", "3 enters", "3 leaves"]


async def test_different_addresses_do_not_wait(log: Log) -> None:
    """The locks of two addresses can be held at the same time."""
    await asyncio.gather(log.hold("1", "0xa"), log.hold("2", "0xb"))
    assert log.events == ["1 enters", "2 enters", "1 leaves", "2 leaves"]


async def test_a_holder_knows_that_it_waited(log: Log) -> None:
    """Only a request that found its lock in use must load again."""
    waited = await asyncio.gather(log.hold("1", "0xa"), log.hold("2", "0xa"), log.hold("3", "0xd"))
    assert list(waited) == [False, True, False]


async def test_a_lock_has_one_holder(log: Log) -> None:
    """No two tasks hold a lock at the same time, and nothing is left behind."""
    async with asyncio.timeout(60):
        await asyncio.gather(*(log.hold(str(n), "0xa", steps=n % 3) for n in range(10)))
    entered, left = log.events[::2], log.events[1::2]
    assert [event.split()[0] for event in entered] == [event.split()[0] for event in left]
    assert await log.is_unused("0xa")


async def test_a_canceled_waiter_leaves_nothing(log: Log) -> None:
    """A request that is canceled while it waits blocks no other, and leaves nothing behind."""
    first, canceled, third = (asyncio.create_task(log.hold(name, "0xa", steps=5)) for name in "123")
    await asyncio.sleep(0)
    canceled.cancel()
    async with asyncio.timeout(60):
        await asyncio.gather(first, canceled, third, return_exceptions=True)
    assert canceled.cancelled()
    assert log.events == ["1 enters", "1 leaves", "3 enters", "3 leaves"]
    assert await log.is_unused("0xa")


async def test_a_failure_releases_the_lock(log: Log) -> None:
    """The next task gets the lock of one that fails."""

    async def fail() -> None:
        async with log.locks.hold("0xa"):
            await asyncio.sleep(0)
            raise ValueError("in the middle")

    async with asyncio.timeout(60):
        failure, waited = await asyncio.gather(fail(), log.hold("2", "0xa"), return_exceptions=True)
    assert isinstance(failure, ValueError)
    assert waited is True
    assert await log.is_unused("0xa")


async def test_a_wait_that_takes_too_long() -> None:
    """A request that waits for too long fails; a later one gets the lock when it is free."""
    locks = AddressLocks(queue_timeout=0.01)
    async with locks.hold("0xa"):
        with pytest.raises(DatabaseUnavailable):
            async with locks.hold("0xa"):
                raise AssertionError("two holders")
    async with locks.hold("0xa") as waited:
        assert not waited


async def test_the_waiters_of_an_address_are_bounded(log: Log) -> None:
    """More requests for one address are rejected; other addresses are not affected."""
    holds = [asyncio.create_task(log.hold(str(n), "0xa")) for n in range(MAX_IN_FLIGHT + 3)]
    await asyncio.sleep(0)
    assert await log.hold("other", "0xb") is False
    results = await asyncio.gather(*holds, return_exceptions=True)
    rejected = [type(each) for each in results if isinstance(each, Exception)]
    assert rejected == [TooManyForAddress] * 3
    assert await log.is_unused("0xa")
