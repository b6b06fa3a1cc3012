"""Batching: requests that arrive while work is in progress share the next batch.

Work on several items costs little more than work on one: one round trip, one transaction. A request
never waits for company: if a slot is free, its batch starts at once.

If every waiter joined one batch, Python and PostgreSQL would take turns idling; a batch therefore
takes at most a third of the requests in flight (`next_batch_size`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from passport_scorer.db.batch_bisection import bisect_failures
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.telemetry import NO_TELEMETRY, Telemetry
from passport_scorer.telemetry.correlation import CORRELATION
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import BATCH_SIZE

_SECONDS_BETWEEN_REPORTS = 5.0  # an overload is logged, not each of the requests that it fails


Item = TypeVar("Item")
Result = TypeVar("Result")


class BatchPolicy(msgspec.Struct, frozen=True):
    """The policy that divides requests into batches.

    Attributes:
        max_concurrency: batches that run at the same time.
        max_batch_size: items in a batch.
        min_batch_size: a batch this small is not worth dividing.
        queue_timeout: seconds that an item waits for its batch to start; as long as the wait for
            a connection.
    """

    max_concurrency: int
    max_batch_size: int
    min_batch_size: int = 8
    queue_timeout: float = 3.0


def next_batch_size(policy: BatchPolicy, *, queued: int, in_flight: int, running: int) -> int:
    """Return how many of the queued items start as a batch now; 0: they wait.

    Args:
        policy: the bounds.
        queued: items that wait for a batch.
        in_flight: all requests that wait or are being worked on, here or in another stage.
        running: batches that run now.
    """
    if running >= policy.max_concurrency:
        return 0
    third = -(-in_flight // 3)
    return min(queued, policy.max_batch_size, max(policy.min_batch_size, third))


class InFlight:
    """Counts the requests in the stages of one pipeline.

    Attributes:
        count: requests that wait for work or are being worked on.
    """

    def __init__(self) -> None:
        self.count = 0


class _Waiter(Generic[Item, Result]):
    """An item in the queue, the future of its result, and the request that waits for it."""

    __slots__ = ("correlation", "deadline", "item", "result", "span")

    def __init__(
        self, item: Item, result: asyncio.Future[Result], deadline: float, span: Any
    ) -> None:
        self.item = item
        self.result = result
        self.deadline = deadline
        self.span = span
        self.correlation = CORRELATION.get()


class Batcher(Generic[Item, Result]):
    """Collects items into batches.

    Args:
        work: returns a result for each item, in their order. An exception in the place of a result
            fails that item alone; a future is a result that comes later, while the next batch
            runs. An exception that is raised fails all items.
        policy: the bounds.
        in_flight: shared by the stages of one pipeline; by default this is the only one.
        isolate: True to repeat failed work on each half of the batch, down to the item at fault;
            only for work without effects (see `db.batch_bisection`).
        name: the name of the work in metrics and logs.
        telemetry: where the size of batches is measured.
    """

    def __init__(
        self,
        work: Callable[
            [Sequence[Item]], Awaitable[Sequence[Result | Exception | asyncio.Future[Result]]]
        ],
        policy: BatchPolicy,
        *,
        in_flight: InFlight | None = None,
        isolate: bool = False,
        name: str = "work",
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._work = work
        self._work_on_batch = partial(bisect_failures, work) if isolate else work
        self._policy = policy
        self._in_flight = in_flight or InFlight()
        self._name = name
        self._telemetry = telemetry
        self._queue: deque[_Waiter[Item, Result]] = deque()
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle = False  # the last batch was of one item
        self._expiry: asyncio.TimerHandle | None = None  # of the first waiter, at the latest
        self._expired = 0  # since the last report
        self._next_report_at = 0.0

    async def submit(self, item: Item) -> Result:
        """Work on an item, alone or in a batch, and return its result.

        Raises:
            DatabaseUnavailable: the batch could not start in time.
            Exception: whatever the work raised for the item.
        """
        # No other request is here, so none is likely to share a batch: no queue, and no task.
        runs_inline = self._idle and self._has_slot() and not self._in_flight.count
        self._in_flight.count += 1
        try:
            if not runs_inline:
                return await self._enqueue(item)
            self._running += 1
            self._telemetry.metrics.observe(BATCH_SIZE, 1, self._name)
            try:
                (result,) = await self._work([item])
            finally:
                self._running -= 1
                if self._queue:
                    self._spawn()
            if isinstance(result, Exception):
                raise result
            return await result if isinstance(result, asyncio.Future) else result
        finally:
            self._in_flight.count -= 1

    def _has_slot(self) -> bool:
        return self._running < self._policy.max_concurrency

    def _enqueue(self, item: Item) -> asyncio.Future[Result]:
        """Return the result that an item gets in the next batch with room for it."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        deadline = loop.time() + self._policy.queue_timeout
        self._queue.append(_Waiter(item, result, deadline, self._telemetry.traces.current()))
        if self._has_slot():
            self._spawn()
        elif self._expiry is None:
            self._expiry = loop.call_at(deadline, self._expire_waiters)
        return result

    def _expire_waiters(self) -> None:
        """Fail the items that have waited too long, and call again for the next one."""
        self._expiry = None
        loop = asyncio.get_running_loop()
        while self._queue and self._queue[0].deadline <= loop.time():
            result = self._queue.popleft().result
            if not result.done():
                result.set_exception(DatabaseUnavailable())
                self._expired += 1
        self._report_expired(loop.time())
        if self._queue:
            self._expiry = loop.call_at(self._queue[0].deadline, self._expire_waiters)

    def _report_expired(self, now: float) -> None:
        if self._expired and now >= self._next_report_at:
            log.warning("batch_timeout", operation=self._name, count=self._expired)
            self._expired, self._next_report_at = 0, now + _SECONDS_BETWEEN_REPORTS

    def _spawn(self) -> None:
        """Start batches; items that are submitted before the task begins join the first one."""
        self._running += 1
        # In a context of its own: its later batches belong to other requests.
        task = asyncio.create_task(self._run_batches(), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_batches(self) -> None:
        """Run batch after batch until the queue is empty."""
        while size := next_batch_size(
            self._policy,
            queued=len(self._queue),
            in_flight=self._in_flight.count,
            running=self._running - 1,
        ):
            await self._run_batch([self._queue.popleft() for _ in range(size)])
        self._running -= 1

    async def _run_batch(self, waiters: Sequence[_Waiter[Item, Result]]) -> None:
        batch = [waiter for waiter in waiters if not waiter.result.done()]
        if not batch:
            return
        self._idle = len(batch) == 1
        self._telemetry.metrics.observe(BATCH_SIZE, len(batch), self._name)
        CORRELATION.set(batch[0].correlation if len(batch) == 1 else None)
        results: Sequence[Result | Exception | asyncio.Future[Result]]
        try:
            with self._telemetry.traces.continued([waiter.span for waiter in batch]):
                results = await self._work_on_batch([waiter.item for waiter in batch])
        except Exception as error:  # noqa: BLE001  raised where the items were submitted
            results = [error] * len(batch)
        for waiter, result in zip(batch, results, strict=True):
            if isinstance(result, asyncio.Future):
                result.add_done_callback(partial(_forward, waiter.result))
            elif waiter.result.cancelled():
                continue
            elif isinstance(result, Exception):
                waiter.result.set_exception(result)
            else:
                waiter.result.set_result(result)


def _forward(to: asyncio.Future[Result], done: asyncio.Future[Result]) -> None:
    """Copy the result of one future to another, which may be canceled by now."""
    if done.cancelled():
        to.cancel()
        return
    error = done.exception()  # retrieved in any case, or asyncio would log it as lost
    if to.done():
        return
    if error is not None:
        to.set_exception(error)
    else:
        to.set_result(done.result())
