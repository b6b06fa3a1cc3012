"""Requests for the same address wait for each other."""

import asyncio

import pytest

from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.scoring.address_locks import MOST, AddressLocks, TooManyForAddress


class Log:
    """Takes turns, and notes who comes and goes."""

    def __init__(self) -> None:
        self.queue = AddressLocks()
        self.events: list[str] = []

    async def visit(self, name: str, address: str, *, steps: int = 2) -> bool:
        """Take a turn of so many steps; return whether somebody else came before."""
        async with self.queue.turn(address) as waited:
            self.events.append(f"{name} comes")
            for _ in range(steps):
                await asyncio.sleep(0)
            self.events.append(f"{name} goes")
            return waited

    async def nobody_is_left(self, address: str) -> bool:
        """Whether nothing has remained of those who have had their turn."""
        return not await self.visit("last", address)


@pytest.fixture
def log() -> Log:
    """A queue and what happens in it."""
    return Log()


async def test_an_address_is_served_in_the_order_of_coming(log: Log) -> None:
    """The turns of one address follow each other, first come, first served."""
    await asyncio.gather(*(log.visit(name, "0xa") for name in "123"))
    assert log.events == ["1 comes", "1 goes", "2 comes", "2 goes", "3 comes", "3 goes"]


async def test_different_addresses_do_not_wait(log: Log) -> None:
    """Two addresses have their turns at the same time."""
    await asyncio.gather(log.visit("1", "0xa"), log.visit("2", "0xb"))
    assert log.events == ["1 comes", "2 comes", "1 goes", "2 goes"]


async def test_who_has_waited_is_told(log: Log) -> None:
    """Only whoever shares an address with somebody before must read again."""
    waited = await asyncio.gather(
        log.visit("1", "0xa"), log.visit("2", "0xa"), log.visit("3", "0xd")
    )
    assert list(waited) == [False, True, False]


async def test_two_are_never_inside_together(log: Log) -> None:
    """While one has the turn of an address, nobody else has, and nothing is left behind."""
    async with asyncio.timeout(60):
        await asyncio.gather(*(log.visit(str(n), "0xa", steps=n % 3) for n in range(10)))
    comes, goes = log.events[::2], log.events[1::2]
    assert [event.split()[0] for event in comes] == [event.split()[0] for event in goes]
    assert await log.nobody_is_left("0xa")


async def test_who_gives_up_waiting_makes_room(log: Log) -> None:
    """A request that is cancelled while it waits holds up nobody, and leaves nothing behind."""
    first, gone, third = (asyncio.create_task(log.visit(name, "0xa", steps=5)) for name in "123")
    await asyncio.sleep(0)
    gone.cancel()
    async with asyncio.timeout(60):
        await asyncio.gather(first, gone, third, return_exceptions=True)
    assert gone.cancelled()
    assert log.events == ["1 comes", "1 goes", "3 comes", "3 goes"]
    assert await log.nobody_is_left("0xa")


async def test_a_failure_ends_the_turn(log: Log) -> None:
    """Whoever fails in the middle hands on the turn to the next."""

    async def fail() -> None:
        async with log.queue.turn("0xa"):
            await asyncio.sleep(0)
            raise ValueError("in the middle")

    async with asyncio.timeout(60):
        failure, waited = await asyncio.gather(
            fail(), log.visit("2", "0xa"), return_exceptions=True
        )
    assert isinstance(failure, ValueError)
    assert waited is True
    assert await log.nobody_is_left("0xa")


async def test_a_turn_that_does_not_come() -> None:
    """A request that waits for too long fails; whoever comes when the turn is free gets it."""
    queue = AddressLocks(patience=0.01)
    async with queue.turn("0xa"):
        with pytest.raises(DatabaseUnavailable):
            async with queue.turn("0xa"):
                raise AssertionError("two at once")
    async with queue.turn("0xa") as waited:
        assert not waited


async def test_a_flood_for_one_address_is_refused_beyond_its_bound(log: Log) -> None:
    """Only so many requests of an address wait; those of another don't notice."""
    visits = [asyncio.create_task(log.visit(str(n), "0xa")) for n in range(MOST + 3)]
    await asyncio.sleep(0)
    assert await log.visit("other", "0xb") is False
    results = await asyncio.gather(*visits, return_exceptions=True)
    refused = [type(each) for each in results if isinstance(each, Exception)]
    assert refused == [TooManyForAddress] * 3
    assert await log.nobody_is_left("0xa")
