"""The memory of the container, and the share of it that caches get by default."""

from __future__ import annotations

import os
from pathlib import Path

MEGABYTE = 1024 * 1024
MOST_CACHE_MEMORY = 128  # megabytes per process, by default
# Of the control group: version 2, version 1. Each holds a number of bytes, or `max`.
_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_limit() -> int:
    """Return the bytes of memory of the container, or else of the machine."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *filter(None, map(_limit, _LIMITS))])


def default_cache_memory(limit: int, processes: int) -> int:
    """Return the megabytes that the caches of each process may take: never half of the limit.

    Args:
        limit: bytes of memory of all processes together.
        processes: their number.
    """
    return min(MOST_CACHE_MEMORY, limit // 2 // processes // MEGABYTE)


def _limit(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
