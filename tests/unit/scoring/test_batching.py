"""Requests that wait are served together, and each gets its own result."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from structlog.testing import capture_logs

from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.scoring.batching import FEW, Batcher, Crowd


class Work:
    """Doubles numbers; refuses 13, and breaks down on 99. Waits until it may go on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_go_on = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> list[int | Exception]:
        """Do the work."""
        self.batches.append(list(numbers))
        await self.may_go_on.wait()
        if 99 in numbers:
            raise LookupError("broken down")
        return [ValueError(number) if number == 13 else 2 * number for number in numbers]


async def test_one_that_finds_a_free_place_goes_alone_and_at_once() -> None:
    """Nobody waits for company."""
    work = Work()
    work.may_go_on.set()
    gathering = Batcher(work, at_once=2, most=10)
    assert [await gathering.submit(1), await gathering.submit(2)] == [2, 4]
    assert work.batches == [[1], [2]]


async def test_who_is_alone_again_is_worked_on_without_a_detour() -> None:
    """After one without company the next is worked on by its own task; those who come wait."""
    work = Work()
    work.may_go_on.set()
    gathering = Batcher(work, at_once=1, most=10)
    await gathering.submit(1)
    tasks = []

    async def note(numbers: Sequence[int]) -> list[int | Exception]:
        tasks.append(asyncio.current_task())
        return await work(numbers)

    gathering._work = note
    work.may_go_on.clear()
    alone = asyncio.create_task(gathering.submit(2))
    await asyncio.sleep(0)
    others = [asyncio.create_task(gathering.submit(number)) for number in (13, 3)]
    await asyncio.sleep(0)
    assert work.batches == [[1], [2]]
    assert tasks == [alone]
    work.may_go_on.set()
    assert await alone == 4
    results = await asyncio.gather(*others, return_exceptions=True)
    assert [type(result) for result in results] == [ValueError, int]
    assert work.batches == [[1], [2], [13, 3]]


@pytest.mark.parametrize(("number", "failure"), [(13, ValueError), (99, LookupError)])
async def test_a_failure_of_one_that_is_alone(number: int, failure: type[Exception]) -> None:
    """It is raised where the item was submitted, and the place is free again."""
    work = Work()
    work.may_go_on.set()
    gathering = Batcher(work, at_once=1, most=10)
    for _ in range(2):
        await gathering.submit(1)
    with pytest.raises(failure):
        await gathering.submit(number)
    assert await gathering.submit(2) == 4


async def test_those_who_wait_go_together() -> None:
    """While both places are taken the others gather, in their order, up to the limit."""
    work = Work()
    gathering = Batcher(work, at_once=2, most=3)
    waiting = [asyncio.create_task(gathering.submit(number)) for number in range(1, 3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting += [asyncio.create_task(gathering.submit(number)) for number in range(3, 8)]
    await asyncio.sleep(0)
    work.may_go_on.set()
    assert await asyncio.gather(*waiting) == [2, 4, 6, 8, 10, 12, 14]
    assert work.batches[0] == [1, 2]
    assert max(map(len, work.batches)) <= 3


async def test_a_large_crowd_is_divided() -> None:
    """A third goes at once, so that others can be at work elsewhere; a few are left together."""
    work = Work()
    gathering = Batcher(work, at_once=1, most=100)
    work.may_go_on.set()
    await asyncio.gather(*map(gathering.submit, range(14, 74)))
    sizes = [len(batch) for batch in work.batches]
    assert sizes[0] == 60 // 3
    assert sum(sizes) == 60
    assert min(sizes[:-1]) >= FEW


async def test_the_crowd_of_two_gatherings_is_one() -> None:
    """Items that others work on count: they will soon be here, or have just gone."""
    crowd = Crowd()
    elsewhere, here = Work(), Work()
    here.may_go_on.set()
    before = Batcher(elsewhere, at_once=1, most=100, crowd=crowd)
    after = Batcher(here, at_once=1, most=100, crowd=crowd)
    busy = [asyncio.create_task(before.submit(number)) for number in range(14, 54)]
    await asyncio.sleep(0)
    await asyncio.gather(*map(after.submit, range(14, 34)))
    assert len(here.batches[0]) == (40 + 20) // 3
    elsewhere.may_go_on.set()
    await asyncio.gather(*busy)
    assert crowd.size == 0


async def test_a_failure_stays_with_its_item() -> None:
    """One that is refused doesn't fail its neighbours; a breakdown fails the whole batch only."""
    work = Work()
    work.may_go_on.set()
    gathering = Batcher(work, at_once=1, most=3)
    numbers = [1, 13, 2, 99, 3, 4, 5]
    results = await asyncio.gather(*map(gathering.submit, numbers), return_exceptions=True)
    assert [result if isinstance(result, int) else type(result) for result in results] == [
        *(2, ValueError, 4),
        *(LookupError, LookupError, LookupError),
        10,
    ]


async def test_one_that_was_given_up_is_left_out() -> None:
    """A caller that goes away costs no work, and holds up nobody."""
    work = Work()
    gathering = Batcher(work, at_once=1, most=5)
    tasks = [asyncio.create_task(gathering.submit(number)) for number in range(1, 5)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    late = [asyncio.create_task(gathering.submit(number)) for number in range(5, 8)]
    await asyncio.sleep(0)
    late[0].cancel()
    tasks[0].cancel()
    work.may_go_on.set()
    results = await asyncio.gather(*tasks, *late, return_exceptions=True)
    assert [result for result in results if isinstance(result, int)] == [4, 6, 8, 12, 14]
    assert all(5 not in batch for batch in work.batches)


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(st.integers(0, 50)),
    at_once=st.integers(1, 4),
    most=st.integers(1, 6),
)
def test_everybody_gets_an_own_result(numbers: list[int], at_once: int, most: int) -> None:
    """Whatever comes together: each result is that of the item, and no batch is too large."""

    async def run() -> None:
        work = Work()
        work.may_go_on.set()
        gathering = Batcher(work, at_once=at_once, most=most)
        results = await asyncio.gather(*map(gathering.submit, numbers), return_exceptions=True)
        for number, result in zip(numbers, results, strict=True):
            assert isinstance(result, ValueError) if number == 13 else result == 2 * number
        assert sorted(n for batch in work.batches for n in batch) == sorted(numbers)
        assert all(len(batch) <= most for batch in work.batches)

    asyncio.run(run())


async def test_after_a_breakdown_work_goes_on() -> None:
    """A place that broke down is free again."""
    work = Work()
    work.may_go_on.set()
    gathering = Batcher(work, at_once=1, most=1)
    with pytest.raises(LookupError, match="broken down"):
        await gathering.submit(99)
    assert await gathering.submit(1) == 2


async def test_those_who_wait_too_long_are_told() -> None:
    """An item whose work can't begin in time fails, and is not worked on later."""
    work = Work()
    gathering = Batcher(work, at_once=1, most=10, patience=0.01)
    first = asyncio.create_task(gathering.submit(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with capture_logs() as logs:
        results = await asyncio.gather(*map(gathering.submit, (2, 4)), return_exceptions=True)
    assert [type(result) for result in results] == [DatabaseUnavailable] * 2
    assert [entry["event"] for entry in logs] == ["batch_timeout"]
    work.may_go_on.set()
    assert await first == 2
    assert await gathering.submit(3) == 6
    assert work.batches == [[1], [3]]


async def test_work_that_has_begun_may_take_longer() -> None:
    """Only the wait for a place is bounded here, also for those who had to wait for it."""
    may_end = {1: asyncio.Event(), 2: asyncio.Event()}

    async def work(numbers: Sequence[int]) -> list[int | Exception]:
        await may_end[numbers[0]].wait()
        return [2 * number for number in numbers]

    gathering = Batcher(work, at_once=1, most=1, patience=0.05)
    first, second = (asyncio.create_task(gathering.submit(number)) for number in (1, 2))
    await asyncio.sleep(0)
    may_end[1].set()
    assert await first == 2
    await asyncio.sleep(0.1)
    may_end[2].set()
    assert await second == 4


async def test_a_result_that_comes_later_holds_up_nobody() -> None:
    """The place is free for the next work; the item gets its result when it is there."""
    loop = asyncio.get_running_loop()
    later: dict[int, asyncio.Future[int]] = {n: loop.create_future() for n in (1, 2, 3, 4)}

    async def work(numbers: Sequence[int]) -> list[int | asyncio.Future[int]]:
        return [later.get(number, 2 * number) for number in numbers]

    gathering = Batcher(work, at_once=1, most=10)
    waiting = {n: asyncio.create_task(gathering.submit(n)) for n in (1, 2, 3)}
    assert await gathering.submit(5) == 10
    assert await gathering.submit(6) == 12
    waiting[4] = asyncio.create_task(gathering.submit(4))  # alone, by its own task
    await asyncio.sleep(0)
    assert await gathering.submit(7) == 14
    waiting[3].cancel()
    later[1].set_result(100)
    later[2].set_exception(LookupError("late"))
    later[3].set_exception(LookupError("nobody waits for it"))
    later[4].set_result(400)
    results = await asyncio.gather(*waiting.values(), return_exceptions=True)
    assert [results[0], results[3]] == [100, 400]
    assert [type(each) for each in results[1:3]] == [LookupError, asyncio.CancelledError]
