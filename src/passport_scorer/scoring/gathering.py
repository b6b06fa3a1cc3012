"""Requests that wait are served together.

Work on several items costs little more than work on one: one round trip, one transaction. So
while as much work is under way as may be, what comes in waits, and goes with the next. Nobody
waits when there is nothing to wait for: an item that finds a free place starts at once, alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Any, Generic, TypeVar

from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.telemetry import NO_TELEMETRY, Telemetry
from passport_scorer.telemetry.correlation import TRACE_ID
from passport_scorer.telemetry.metrics import GATHERED

PATIENCE = 3.0  # seconds; a place in a read or a write is waited for as long as a connection

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Waiting(Generic[Item, Result]):
    """An item, where its result is waited for, and what ends the wait if work doesn't begin.

    And the trace of the request that waits.
    """

    __slots__ = ("end", "item", "result", "span", "trace_id")

    def __init__(self, item: Item, result: asyncio.Future[Result], span: Any) -> None:
        self.item = item
        self.result = result
        self.span = span
        self.trace_id = TRACE_ID.get()
        self.end: asyncio.TimerHandle | None = None

    def goes_on(self) -> bool:
        """Let the work begin; False if nobody waits for it any more."""
        if self.end:
            self.end.cancel()
        return not self.result.done()


def _give_up(result: asyncio.Future[Result]) -> None:
    if not result.done():
        result.set_exception(DatabaseUnavailable())


class Gathering(Generic[Item, Result]):
    """Collects items, and works on them together.

    Args:
        work: returns a result for each item, in their order; an exception in its place is the
            failure of that item alone. What it raises is the failure of all of them.
        at_once: how often `work` may be under way at the same time.
        most: items that it gets at once at most.
        patience: seconds that an item waits at most until work on it begins.
        name: of the work, in metrics.
        telemetry: where the size of batches is measured.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        at_once: int,
        most: int,
        patience: float = PATIENCE,
        name: str = "work",
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._work = work
        self._free = at_once
        self._most = most
        self._patience = patience
        self._name = name
        self._telemetry = telemetry
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Result:
        """Have an item worked on, alone or with others, and return its result.

        Raises:
            DatabaseUnavailable: work on it could not begin in time.
            Exception: whatever its work has failed with.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        waiting = _Waiting(item, result, self._telemetry.traces.current())
        self._waiting.append(waiting)
        if self._free:
            self._start()
        else:
            waiting.end = loop.call_later(self._patience, _give_up, result)
        return await result

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
            count = min(self._most, len(self._waiting))
            await self._serve([self._waiting.popleft() for _ in range(count)])
        self._free += 1

    async def _serve(self, taken: Sequence[_Waiting[Item, Result]]) -> None:
        batch = [waiting for waiting in taken if waiting.goes_on()]
        if not batch:
            return
        self._telemetry.metrics.observe(GATHERED, len(batch), self._name)
        TRACE_ID.set(batch[0].trace_id if len(batch) == 1 else None)
        try:
            with self._telemetry.traces.continued([waiting.span for waiting in batch]):
                results = await self._work([waiting.item for waiting in batch])
        except Exception as error:  # noqa: BLE001  it is raised where the item was submitted
            results = [error] * len(batch)
        for waiting, result in zip(batch, results, strict=True):
            if waiting.result.cancelled():
                continue
            if isinstance(result, Exception):
                waiting.result.set_exception(result)
            else:
                waiting.result.set_result(result)
