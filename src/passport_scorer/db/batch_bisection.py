"""Bisects a batch that fails, so that one bad item does not fail the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from passport_scorer.db.errors import DatabaseUnavailable, RowLocked

Item = TypeVar("Item")
Result = TypeVar("Result")


async def bisect_failures(
    work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], items: Sequence[Item]
) -> list[Result | Exception]:
    """Run `work` on all items together; if it fails, on each half of them, and so on.

    `work` is called up to 2n - 1 times for n items, and about 2 log2(n) times if one item is at
    fault. It must have no effect when it fails.

    Args:
        work: returns one result per item, in their order.
        items: the batch; `work` is not called if it is empty.

    Returns:
        One entry per item, in their order: its result, or the exception that `work` raises for
        this item alone.

    Raises:
        DatabaseUnavailable, RowLocked: raised by `work`. No item is at fault, or finding out
            which one waits would take long, so nothing is retried; earlier halves may be done.
    """
    if not items:
        return []
    try:
        return [*await work(items)]
    except (DatabaseUnavailable, RowLocked):
        raise
    except Exception as error:  # noqa: BLE001  returned in the place of its item
        if len(items) == 1:
            return [error]
    middle = len(items) // 2
    return [
        *await bisect_failures(work, items[:middle]),
        *await bisect_failures(work, items[middle:]),
    ]
