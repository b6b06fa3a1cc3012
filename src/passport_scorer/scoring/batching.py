"""Requests that wait are served together.

Work on several items costs little more than work on one: one round trip, one transaction. So
while as much work is under way as may be, what comes in waits, and goes with the next. Nobody
waits when there is nothing to wait for: an item that finds a free place starts at once, alone.

All that wait would soon go from work to work as one crowd, and the database would have nothing
to do while this process is at work on their answers. So a third of a crowd goes at once at most.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from functools import partial
from typing import Any, Generic, TypeVar

import structlog

from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.telemetry import NO_TELEMETRY, Telemetry
from passport_scorer.telemetry.correlation import CORRELATION
from passport_scorer.telemetry.metrics import BATCH_SIZE

PATIENCE = 3.0  # seconds; a place in a read or a write is waited for as long as a connection
FEW = 8  # items that aren't worth dividing
_BETWEEN_REPORTS = 5.0  # seconds; an overload is told, and not each of its victims

log = structlog.get_logger()

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Waiting(Generic[Item, Result]):
    """An item, where its result is waited for, and until when if work doesn't begin.

    And the ids of the request that waits.
    """

    __slots__ = ("correlation", "item", "result", "span", "until")

    def __init__(self, item: Item, result: asyncio.Future[Result], until: float, span: Any) -> None:
        self.item = item
        self.result = result
        self.until = until
        self.span = span
        self.correlation = CORRELATION.get()


class Crowd:
    """The items of some gatherings that follow each other.

    Attributes:
        size: how many wait for work, or are being worked on.
    """

    def __init__(self) -> None:
        self.size = 0


class Batcher(Generic[Item, Result]):
    """Collects items, and works on them together.

    Args:
        work: returns a result for each item, in their order; an exception in its place is the
            failure of that item alone, and a future the result that this item gets later, while
            the next work begins. What it raises is the failure of all of them.
        at_once: how often `work` may be under way at the same time.
        most: items that it gets at once at most.
        crowd: whom its items belong to; by default they are by themselves.
        patience: seconds that an item waits at most until work on it begins.
        name: of the work, in metrics.
        telemetry: where the size of batches is measured.
    """

    def __init__(
        self,
        work: Callable[
            [Sequence[Item]], Awaitable[Sequence[Result | Exception | asyncio.Future[Result]]]
        ],
        *,
        at_once: int,
        most: int,
        crowd: Crowd | None = None,
        patience: float = PATIENCE,
        name: str = "work",
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._work = work
        self._free = at_once
        self._most = most
        self._crowd = crowd or Crowd()
        self._patience = patience
        self._name = name
        self._telemetry = telemetry
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._patience_ends: asyncio.TimerHandle | None = None  # of those who wait, at the latest
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_quiet = False  # the last item had no company
        self._given_up = 0  # since it was reported last
        self._reported_again_at = 0.0

    async def submit(self, item: Item) -> Result:
        """Have an item worked on, alone or with others, and return its result.

        Raises:
            DatabaseUnavailable: work on it could not begin in time.
            Exception: whatever its work has failed with.
        """
        if self._is_quiet and self._free and not self._crowd.size:
            return await self._alone(item)
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        until = loop.time() + self._patience
        self._waiting.append(_Waiting(item, result, until, self._telemetry.traces.current()))
        if self._free:
            self._start()
        elif self._patience_ends is None:
            self._patience_ends = loop.call_at(until, self._give_up)
        self._crowd.size += 1
        try:
            return await result
        finally:
            self._crowd.size -= 1

    async def _alone(self, item: Item) -> Result:
        """Work on an item that nobody is likely to share the work with, without a task for it."""
        self._free -= 1
        self._crowd.size += 1
        self._telemetry.metrics.observe(BATCH_SIZE, 1, self._name)
        try:
            (result,) = await self._work([item])
        finally:
            self._crowd.size -= 1
            self._free += 1
            if self._waiting:
                self._start()
        if isinstance(result, Exception):
            raise result
        if isinstance(result, asyncio.Future):
            return await result
        return result

    def _give_up(self) -> None:
        """End the wait of those who have waited too long; look again when the next one may have."""
        self._patience_ends = None
        loop = asyncio.get_running_loop()
        while self._waiting and self._waiting[0].until <= loop.time():
            result = self._waiting.popleft().result
            if not result.done():
                result.set_exception(DatabaseUnavailable())
                self._given_up += 1
        self._report_given_up(loop.time())
        if self._waiting:
            self._patience_ends = loop.call_at(self._waiting[0].until, self._give_up)

    def _report_given_up(self, now: float) -> None:
        if self._given_up and now >= self._reported_again_at:
            log.warning("batch_timeout", operation=self._name, count=self._given_up)
            self._given_up, self._reported_again_at = 0, now + _BETWEEN_REPORTS

    def _start(self) -> None:
        """Take a free place; what comes in before the task begins goes along."""
        self._free -= 1
        # In a context of its own: it goes on with the items of other requests.
        task = asyncio.create_task(self._run(), context=Context())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _run(self) -> None:
        """Work as long as somebody waits, then give the place back."""
        while self._waiting:
            third = max(FEW, -(-self._crowd.size // 3))
            count = min(self._most, third, len(self._waiting))
            await self._serve([self._waiting.popleft() for _ in range(count)])
        self._free += 1

    async def _serve(self, taken: Sequence[_Waiting[Item, Result]]) -> None:
        batch = [waiting for waiting in taken if not waiting.result.done()]
        if not batch:
            return
        self._is_quiet = len(batch) == 1
        self._telemetry.metrics.observe(BATCH_SIZE, len(batch), self._name)
        CORRELATION.set(batch[0].correlation if len(batch) == 1 else None)
        results: Sequence[Result | Exception | asyncio.Future[Result]]
        try:
            with self._telemetry.traces.continued([waiting.span for waiting in batch]):
                results = await self._work([waiting.item for waiting in batch])
        except Exception as error:  # noqa: BLE001  it is raised where the item was submitted
            results = [error] * len(batch)
        for waiting, result in zip(batch, results, strict=True):
            if isinstance(result, asyncio.Future):
                result.add_done_callback(partial(_pass_on, waiting.result))
            elif waiting.result.cancelled():
                continue
            elif isinstance(result, Exception):
                waiting.result.set_exception(result)
            else:
                waiting.result.set_result(result)


def _pass_on(to: asyncio.Future[Result], done: asyncio.Future[Result]) -> None:
    """Give what became of one future to another, which may have been cancelled meanwhile."""
    if done.cancelled():
        to.cancel()
        return
    error = done.exception()  # asked for in any case, or its loss would be logged
    if to.done():
        return
    if error is not None:
        to.set_exception(error)
    else:
        to.set_result(done.result())
