"""Requests that wait are served together.

Work on several items costs little more than work on one: one round trip, one transaction. So
while as much work is under way as may be, what comes in waits, and goes with the next. Nobody
waits when there is nothing to wait for: an item that finds a free place starts at once, alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gathering(Generic[Item, Result]):
    """Collects items, and works on them together.

    Args:
        work: returns a result for each item, in their order; an exception in its place is the
            failure of that item alone. What it raises is the failure of all of them.
        at_once: how often `work` may be under way at the same time.
        most: items that it gets at once at most.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        at_once: int,
        most: int,
    ) -> None:
        self._work = work
        self._free = at_once
        self._most = most
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Result:
        """Have an item worked on, alone or with others, and return its result.

        Raises:
            Exception: whatever its work has failed with.
        """
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if self._free:
            self._start()
        return await result

    def _start(self) -> None:
        self._free -= 1
        task = asyncio.create_task(self._run())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _run(self) -> None:
        """Work as long as somebody waits, then give the place back."""
        while self._waiting:
            count = min(self._most, len(self._waiting))
            await self._serve([self._waiting.popleft() for _ in range(count)])
        self._free += 1

    async def _serve(self, batch: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        batch = [(item, future) for item, future in batch if not future.cancelled()]
        if not batch:
            return
        try:
            results = await self._work([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001  it is raised where the item was submitted
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.cancelled():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
