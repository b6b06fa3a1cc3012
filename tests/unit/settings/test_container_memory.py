"""Caches never take more than half of the memory by default."""

import os

import pytest

from passport_scorer.settings.container_memory import (
    MEGABYTE,
    MOST_CACHE_MEMORY,
    default_cache_memory,
    memory_limit,
)


@pytest.mark.parametrize("limit", [64, 100, 128, 512, 1_000_000])
@pytest.mark.parametrize("processes", [1, 3, 64])
def test_all_processes_together_cache_in_at_most_half_of_the_memory(
    limit: int, processes: int
) -> None:
    """And no process more than it does on a large machine."""
    megabytes = default_cache_memory(limit * MEGABYTE, processes)
    assert megabytes * processes <= limit / 2
    assert 0 <= megabytes <= MOST_CACHE_MEMORY
    assert megabytes == MOST_CACHE_MEMORY or (megabytes + 1) * processes > limit / 2


def test_the_limit_is_at_most_the_memory_of_the_machine() -> None:
    """Without a container, the limit is the memory of the machine."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < memory_limit() <= machine
