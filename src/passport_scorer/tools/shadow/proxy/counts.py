"""Counters in shared memory: one process increments, another one reads."""

from __future__ import annotations

import mmap

MIRRORED = "mirrored"
TOO_LONG = "not mirrored: body too long"
QUEUE_FULL = "not mirrored: queue full"
RATE_EXCEEDED = "not mirrored: above --rate"
NOT_SAMPLED = "not mirrored: not in the sample"
WRITE_SKIPPED = "not mirrored: a write, without --writes"
WORKER_GONE = "not mirrored: the mirror process has exited"
NOT_UNDERSTOOD = "connections forwarded but not understood as HTTP"
UNSENT = "queued, but not sent before the end"

_NAMES = (
    MIRRORED,
    TOO_LONG,
    QUEUE_FULL,
    RATE_EXCEEDED,
    NOT_SAMPLED,
    WRITE_SKIPPED,
    WORKER_GONE,
    NOT_UNDERSTOOD,
)
_BYTES = 8


class Counts:
    """Shared counters; create them before the fork."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _BYTES * len(_NAMES))
        self._numbers = memoryview(self._memory).cast("Q")

    def add(self, name: str) -> None:
        """Increment a counter; the name is a constant of this module."""
        self._numbers[_NAMES.index(name)] += 1

    def read(self) -> dict[str, int]:
        """Return the counters that are not zero: name -> count."""
        return {name: number for name, number in zip(_NAMES, self._numbers, strict=True) if number}
