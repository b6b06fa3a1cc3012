"""The number of requests per address before a measurement."""

from __future__ import annotations

import pytest

from benchmarks.service_contender import passes


@pytest.mark.parametrize(("workers", "expected"), [(1, 1), (2, 8), (4, 19), (8, 40)])
def test_nearly_every_worker_gets_every_address(workers: int, expected: int) -> None:
    """At most one pair of an address and a worker in 200 never meets."""
    assert passes(workers) == expected
    assert workers == 1 or (1 - 1 / workers) ** passes(workers) <= 1 / 200
