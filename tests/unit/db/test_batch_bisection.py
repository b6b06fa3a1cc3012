"""An item that fails fails alone, wherever it stands in its batch and whatever it raises."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.db.batch_bisection import bisect_failures
from passport_scorer.db.errors import (
    DatabaseUnavailable,
    QueryFailed,
    ValueRefused,
    WriteConflict,
)

FAILURES: list[type[Exception]] = [
    WriteConflict,
    QueryFailed,
    ValueRefused,
    ZeroDivisionError,
    KeyError,
]
Item = int | type[Exception]


class Doubling:
    """Doubles numbers; a batch with an exception in it fails as a whole."""

    def __init__(self) -> None:
        self.batches: list[list[Item]] = []

    async def __call__(self, items: Sequence[Item]) -> list[int]:
        self.batches.append([*items])
        for item in items:
            if not isinstance(item, int):
                raise item
        return [2 * item for item in items if isinstance(item, int)]


@given(st.lists(st.integers() | st.sampled_from(FAILURES), max_size=40))
def test_only_the_items_at_fault_fail(items: list[Item]) -> None:
    """Every item gets its own result or its own exception; the number of calls is bounded."""
    work = Doubling()
    results: list[int | Exception] = asyncio.run(bisect_failures(work, items))
    assert len(results) == len(items)
    for item, result in zip(items, results, strict=True):
        assert result == 2 * item if isinstance(item, int) else type(result) is item
    assert len(work.batches) <= max(0, 2 * len(items) - 1)


@pytest.mark.parametrize("place", [0, 1, 255, 256, 499])
async def test_a_single_failure_costs_a_logarithmic_number_of_calls(place: int) -> None:
    """A batch of 500 with one bad item is not worked on item by item."""
    items: list[Item] = [1] * 500
    items[place] = ValueRefused
    work = Doubling()
    results = await bisect_failures(work, items)
    assert [index for index, result in enumerate(results) if result != 2] == [place]
    assert len(work.batches) <= 2 * 9 + 1


async def test_unavailability_is_not_the_fault_of_an_item() -> None:
    """It is raised as it is, without a second call."""
    work = Doubling()
    items: list[Item] = [1, DatabaseUnavailable, 2]
    with pytest.raises(DatabaseUnavailable):
        await bisect_failures(work, items)
    assert len(work.batches) == 1


async def test_cancellation_is_passed_on() -> None:
    """A caller that goes away ends the work."""

    async def canceled(_items: Sequence[Item]) -> list[int]:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await bisect_failures(canceled, [1, 2])
