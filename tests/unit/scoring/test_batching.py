"""Waiting requests are worked on in batches, and each gets its own result."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings

from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.scoring.batching import Batcher, BatchPolicy, InFlight, next_batch_size
from tests.support.captured_logs import capture_logs


class Work:
    """Doubles numbers; rejects 13, and raises on 99. Waits until it is allowed to finish."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.can_finish = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> list[int | Exception]:
        """Do the work."""
        self.batches.append(list(numbers))
        await self.can_finish.wait()
        if 99 in numbers:
            raise LookupError("raised")
        return [ValueError(number) if number == 13 else 2 * number for number in numbers]


def policy(max_concurrency: int, max_batch_size: int, **others: float) -> BatchPolicy:
    """A batch policy."""
    return msgspec.structs.replace(BatchPolicy(max_concurrency, max_batch_size), **others)


policies = st.builds(BatchPolicy, st.integers(1, 4), st.integers(1, 100), st.integers(1, 20))
counts = st.integers(0, 500)


@given(policy=policies, queued=counts, others=counts, running=st.integers(0, 4))
def test_the_size_of_a_batch_is_bounded(
    policy: BatchPolicy, queued: int, others: int, running: int
) -> None:
    """No more than the queue and the maximum; a third of the requests in flight or the minimum."""
    in_flight = queued + others
    size = next_batch_size(policy, queued=queued, in_flight=in_flight, running=running)
    assert 0 <= size <= min(queued, policy.max_batch_size)
    assert size <= max(policy.min_batch_size, (in_flight + 2) // 3)
    if size < min(queued, policy.max_batch_size, policy.min_batch_size):
        assert running >= policy.max_concurrency


@given(policy=policies, queued=counts, others=counts, running=st.integers(0, 4))
def test_a_free_slot_is_used(policy: BatchPolicy, queued: int, others: int, running: int) -> None:
    """A batch starts exactly if there is an item and a free slot: no item waits for company."""
    size = next_batch_size(policy, queued=queued, in_flight=queued + others, running=running)
    assert (size > 0) is (queued > 0 and running < policy.max_concurrency)


@given(policy=policies, queued=counts, others=counts, more=st.integers(1, 100))
def test_batches_grow_with_the_load(
    policy: BatchPolicy, queued: int, others: int, more: int
) -> None:
    """More requests in flight never make the next batch smaller."""
    smaller, larger = (
        next_batch_size(policy, queued=queued, in_flight=in_flight, running=0)
        for in_flight in (queued + others, queued + others + more)
    )
    assert smaller <= larger


async def test_an_item_that_finds_a_free_slot_starts_at_once() -> None:
    """No item waits for company."""
    work = Work()
    work.can_finish.set()
    batcher = Batcher(work, policy(2, 10))
    assert [await batcher.submit(1), await batcher.submit(2)] == [2, 4]
    assert work.batches == [[1], [2]]


async def test_an_idle_batcher_works_in_the_task_of_the_request() -> None:
    """After a batch of one, the next item is worked on by its own task; later ones wait."""
    work = Work()
    work.can_finish.set()
    batcher = Batcher(work, policy(1, 10))
    await batcher.submit(1)
    tasks = []

    async def record_task(numbers: Sequence[int]) -> list[int | Exception]:
        tasks.append(asyncio.current_task())
        return await work(numbers)

    batcher._work = record_task
    work.can_finish.clear()
    alone = asyncio.create_task(batcher.submit(2))
    await asyncio.sleep(0)
    others = [asyncio.create_task(batcher.submit(number)) for number in (13, 3)]
    await asyncio.sleep(0)
    assert work.batches == [[1], [2]]
    assert tasks == [alone]
    work.can_finish.set()
    assert await alone == 4
    results = await asyncio.gather(*others, return_exceptions=True)
    assert [type(result) for result in results] == [ValueError, int]
    assert work.batches == [[1], [2], [13, 3]]


@pytest.mark.parametrize(("number", "failure"), [(13, ValueError), (99, LookupError)])
async def test_a_failure_of_an_item_that_runs_inline(number: int, failure: type[Exception]) -> None:
    """It is raised where the item was submitted, and the slot is free again."""
    work = Work()
    work.can_finish.set()
    batcher = Batcher(work, policy(1, 10))
    for _ in range(2):
        await batcher.submit(1)
    with pytest.raises(failure):
        await batcher.submit(number)
    assert await batcher.submit(2) == 4


async def test_waiting_items_share_a_batch() -> None:
    """While both slots are taken the others wait, and share batches in their order."""
    work = Work()
    batcher = Batcher(work, policy(2, 3))
    waiting = [asyncio.create_task(batcher.submit(number)) for number in range(1, 3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting += [asyncio.create_task(batcher.submit(number)) for number in range(3, 8)]
    await asyncio.sleep(0)
    work.can_finish.set()
    assert await asyncio.gather(*waiting) == [2, 4, 6, 8, 10, 12, 14]
    assert work.batches[0] == [1, 2]
    assert max(map(len, work.batches)) <= 3


async def test_a_batch_takes_a_third_of_the_requests_in_flight() -> None:
    """So that the others can be at work elsewhere; a few items are not divided."""
    work = Work()
    batcher = Batcher(work, policy(1, 100))
    work.can_finish.set()
    await asyncio.gather(*map(batcher.submit, range(14, 74)))
    sizes = [len(batch) for batch in work.batches]
    assert sizes[0] == 60 // 3
    assert sum(sizes) == 60
    assert min(sizes[:-1]) >= 8


async def test_two_stages_share_their_requests_in_flight() -> None:
    """Items in another stage count: they will soon be here, or have just left."""
    in_flight = InFlight()
    elsewhere, here = Work(), Work()
    here.can_finish.set()
    before = Batcher(elsewhere, policy(1, 100), in_flight=in_flight)
    after = Batcher(here, policy(1, 100), in_flight=in_flight)
    busy = [asyncio.create_task(before.submit(number)) for number in range(14, 54)]
    await asyncio.sleep(0)
    await asyncio.gather(*map(after.submit, range(14, 34)))
    assert len(here.batches[0]) == (40 + 20) // 3
    elsewhere.can_finish.set()
    await asyncio.gather(*busy)
    assert in_flight.count == 0


async def test_a_failure_stays_with_its_item() -> None:
    """A rejected item doesn't fail the others; work that raises fails its whole batch only."""
    work = Work()
    work.can_finish.set()
    batcher = Batcher(work, policy(1, 3))
    numbers = [1, 13, 2, 99, 3, 4, 5]
    results = await asyncio.gather(*map(batcher.submit, numbers), return_exceptions=True)
    assert [result if isinstance(result, int) else type(result) for result in results] == [
        *(2, ValueError, 4),
        *(LookupError, LookupError, LookupError),
        10,
    ]


async def test_isolated_work_fails_only_the_item_at_fault() -> None:
    """Work that raises is repeated on halves of its batch, down to the item at fault."""
    work = Work()
    work.can_finish.set()
    batcher = Batcher(work, policy(1, 8), isolate=True)
    numbers = [1, 13, 2, 99, 3, 4, 5]
    results = await asyncio.gather(*map(batcher.submit, numbers), return_exceptions=True)
    assert [result if isinstance(result, int) else type(result) for result in results] == [
        *(2, ValueError, 4, LookupError, 6, 8, 10),
    ]
    with pytest.raises(LookupError):
        await batcher.submit(99)
    assert await batcher.submit(1) == 2


async def test_a_canceled_item_is_left_out() -> None:
    """A canceled request costs no work, and blocks no other."""
    work = Work()
    batcher = Batcher(work, policy(1, 5))
    tasks = [asyncio.create_task(batcher.submit(number)) for number in range(1, 5)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    late = [asyncio.create_task(batcher.submit(number)) for number in range(5, 8)]
    await asyncio.sleep(0)
    late[0].cancel()
    tasks[0].cancel()
    work.can_finish.set()
    results = await asyncio.gather(*tasks, *late, return_exceptions=True)
    assert [result for result in results if isinstance(result, int)] == [4, 6, 8, 12, 14]
    assert all(5 not in batch for batch in work.batches)


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(st.integers(0, 50)),
    max_concurrency=st.integers(1, 4),
    max_batch_size=st.integers(1, 6),
)
def test_every_item_gets_its_own_result(
    numbers: list[int], max_concurrency: int, max_batch_size: int
) -> None:
    """Any items at the same time: each gets its own result, and no batch is too large."""

    async def run() -> None:
        work = Work()
        work.can_finish.set()
        batcher = Batcher(work, policy(max_concurrency, max_batch_size))
        results = await asyncio.gather(*map(batcher.submit, numbers), return_exceptions=True)
        for number, result in zip(numbers, results, strict=True):
            assert isinstance(result, ValueError) if number == 13 else result == 2 * number
        assert sorted(n for batch in work.batches for n in batch) == sorted(numbers)
        assert all(len(batch) <= max_batch_size for batch in work.batches)

    asyncio.run(run())


async def test_a_failure_frees_the_slot() -> None:
    """After work that raised, the next batch starts."""
    work = Work()
    work.can_finish.set()
    batcher = Batcher(work, policy(1, 1))
    with pytest.raises(LookupError, match="raised"):
        await batcher.submit(99)
    assert await batcher.submit(1) == 2


async def test_an_item_that_waits_too_long_fails() -> None:
    """An item whose work can't begin in time fails, and is not worked on later."""
    work = Work()
    batcher = Batcher(work, policy(1, 10, queue_timeout=0.01))
    first = asyncio.create_task(batcher.submit(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with capture_logs() as logs:
        results = await asyncio.gather(*map(batcher.submit, (2, 4)), return_exceptions=True)
    assert [type(result) for result in results] == [DatabaseUnavailable] * 2
    assert [entry["event"] for entry in logs] == ["batch_timeout"]
    work.can_finish.set()
    assert await first == 2
    assert await batcher.submit(3) == 6
    assert work.batches == [[1], [3]]


async def test_work_that_has_started_can_take_longer() -> None:
    """Only the wait for a slot is bounded here, also for items that had to wait for it."""
    can_end = {1: asyncio.Event(), 2: asyncio.Event()}

    async def work(numbers: Sequence[int]) -> list[int | Exception]:
        await can_end[numbers[0]].wait()
        return [2 * number for number in numbers]

    batcher = Batcher(work, policy(1, 1, queue_timeout=0.05))
    first, second = (asyncio.create_task(batcher.submit(number)) for number in (1, 2))
    await asyncio.sleep(0)
    can_end[1].set()
    assert await first == 2
    await asyncio.sleep(0.1)
    can_end[2].set()
    assert await second == 4


async def test_a_result_that_comes_later_blocks_no_other() -> None:
    """The slot is free for the next batch; the item gets its result when it arrives."""
    loop = asyncio.get_running_loop()
    later: dict[int, asyncio.Future[int]] = {n: loop.create_future() for n in (1, 2, 3, 4)}

    async def work(numbers: Sequence[int]) -> list[int | asyncio.Future[int]]:
        return [later.get(number, 2 * number) for number in numbers]

    batcher = Batcher(work, policy(1, 10))
    waiting = {n: asyncio.create_task(batcher.submit(n)) for n in (1, 2, 3)}
    assert await batcher.submit(5) == 10
    assert await batcher.submit(6) == 12
    waiting[4] = asyncio.create_task(batcher.submit(4))  # inline, by its own task
    await asyncio.sleep(0)
    assert await batcher.submit(7) == 14
    waiting[3].cancel()
    later[1].set_result(100)
    later[2].set_exception(LookupError("late"))
    later[3].set_exception(LookupError("the request was cancelled"))
    later[4].set_result(400)
    results = await asyncio.gather(*waiting.values(), return_exceptions=True)
    assert [results[0], results[3]] == [100, 400]
    assert [type(each) for each in results[1:3]] == [LookupError, asyncio.CancelledError]
