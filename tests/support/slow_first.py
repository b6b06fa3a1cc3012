"""The slowest tests begin first, spread over the workers, so that none is waited for at the end."""

import os
from itertools import groupby

import pytest


def slow_first(items: list[pytest.Item]) -> None:
    """Begin each worker's share with some of the slow tests; keep the order otherwise.

    pytest-xdist gives each worker a share of the list, in its order. Tests of one file stay
    together: what their fixtures make would have to be made by each worker.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [list(group) for _, group in groupby(filter(is_slow, items), key=lambda each: each.path)]
    others = [item for item in items if not is_slow(item)]
    share = len(items) // workers
    ordered: list[pytest.Item] = []
    for number in range(workers):
        ordered += [item for group in slow[number::workers] for item in group]
        end = len(others) if number == workers - 1 else max(0, share * (number + 1) - len(ordered))
        ordered += others[:end]
        del others[:end]
    items[:] = ordered


def is_slow(item: pytest.Item) -> bool:
    """Return True if a test is marked as slow."""
    return item.get_closest_marker("slow") is not None
