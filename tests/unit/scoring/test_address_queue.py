"""Requests for the same address wait for each other."""

import asyncio
from collections.abc import Sequence

import pytest

from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.scoring.address_queue import AddressQueue


class Log:
    """Takes turns, and notes who comes and goes."""

    def __init__(self) -> None:
        self.queue = AddressQueue()
        self.events: list[str] = []

    async def visit(self, name: str, addresses: Sequence[str], *, steps: int = 2) -> bool:
        """Take a turn of so many steps; return whether somebody else came before."""
        async with self.queue.turn(addresses) as waited:
            self.events.append(f"{name} comes")
            for _ in range(steps):
                await asyncio.sleep(0)
            self.events.append(f"{name} goes")
            return waited

    async def nobody_is_left(self, addresses: Sequence[str]) -> bool:
        """Whether nothing has remained of those who have had their turn."""
        return not await self.visit("last", addresses)


@pytest.fixture
def log() -> Log:
    """A queue and what happens in it."""
    return Log()


async def test_an_address_is_served_in_the_order_of_coming(log: Log) -> None:
    """The turns of one address follow each other, first come, first served."""
    await asyncio.gather(*(log.visit(name, ["0xa"]) for name in "123"))
    assert log.events == ["1 comes", "1 goes", "2 comes", "2 goes", "3 comes", "3 goes"]


async def test_different_addresses_do_not_wait(log: Log) -> None:
    """Two addresses have their turns at the same time."""
    await asyncio.gather(log.visit("1", ["0xa"]), log.visit("2", ["0xb"]))
    assert log.events == ["1 comes", "2 comes", "1 goes", "2 goes"]


async def test_who_has_waited_is_told(log: Log) -> None:
    """Only whoever shares an address with somebody before must read again."""
    waited = await asyncio.gather(
        log.visit("1", ["0xa", "0xb"]), log.visit("2", ["0xb", "0xc"]), log.visit("3", ["0xd"])
    )
    assert list(waited) == [False, True, False]


async def test_an_address_may_be_named_twice(log: Log) -> None:
    """Nobody waits for themselves."""
    async with asyncio.timeout(5):
        assert not await log.visit("1", ["0xa", "0xa"])


async def test_no_address_at_all_is_nobodys_turn(log: Log) -> None:
    """An empty set of requests waits for nothing."""
    assert not await log.visit("1", [])


async def test_sets_in_any_order_do_not_block_each_other(log: Log) -> None:
    """However their addresses are ordered, all get their turn, and leave nothing behind."""
    addresses = ["0xa", "0xb", "0xc", "0xd", "0xe"]
    orders = [addresses[n:] + addresses[:n] for n in range(5)]
    sets = [order[:size] for order in [*orders, *(o[::-1] for o in orders)] for size in (2, 3, 5)]
    async with asyncio.timeout(5):
        await asyncio.gather(*(log.visit(str(n), each) for n, each in enumerate(sets)))
    assert len(log.events) == 2 * len(sets)
    assert await log.nobody_is_left(addresses)


async def test_two_with_an_address_in_common_are_never_inside_together(log: Log) -> None:
    """While one has the turn of an address, nobody else has."""
    await asyncio.gather(*(log.visit(str(n), ["0xa", f"0x{n}"]) for n in range(10)))
    comes, goes = log.events[::2], log.events[1::2]
    assert [event.split()[0] for event in comes] == [event.split()[0] for event in goes]


async def test_who_gives_up_waiting_makes_room(log: Log) -> None:
    """A request that is cancelled while it waits holds up nobody, and leaves nothing behind."""
    first, gone, third = (
        asyncio.create_task(log.visit(name, addresses, steps=5))
        for name, addresses in (("1", ["0xb"]), ("2", ["0xa", "0xb"]), ("3", ["0xa", "0xb"]))
    )
    await asyncio.sleep(0)
    gone.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(first, gone, third, return_exceptions=True)
    assert gone.cancelled()
    assert log.events == ["1 comes", "1 goes", "3 comes", "3 goes"]
    assert await log.nobody_is_left(["0xa", "0xb"])


async def test_a_failure_ends_the_turn(log: Log) -> None:
    """Whoever fails in the middle hands on the turn to the next."""

    async def fail() -> None:
        async with log.queue.turn(["0xa", "0xb"]):
            await asyncio.sleep(0)
            raise ValueError("in the middle")

    async with asyncio.timeout(5):
        failure, waited = await asyncio.gather(
            fail(), log.visit("2", ["0xb"]), return_exceptions=True
        )
    assert isinstance(failure, ValueError)
    assert waited is True
    assert await log.nobody_is_left(["0xa", "0xb"])


async def test_a_turn_that_does_not_come() -> None:
    """A request that waits for too long fails; whoever comes when the turn is free gets it."""
    queue = AddressQueue(patience=0.01)
    async with queue.turn(["0xa"]):
        with pytest.raises(DatabaseUnavailable):
            async with queue.turn(["0xa"]):
                raise AssertionError("two at once")
    async with queue.turn(["0xa"]) as waited:
        assert not waited
