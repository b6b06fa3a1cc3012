"""Counts that one process keeps and another one reads, whatever either of them is doing."""

from __future__ import annotations

import mmap

PUT = "copied"
TOO_LONG = "not copied: too long"
TOO_MANY = "not copied: the queue was full"
TOO_FAST = "not copied: above the rate"
NOT_CHOSEN = "not copied: not in the sample"
NO_READ = "not copied: a write, and --writes was not given"
NOT_WATCHED = "not copied: the watching process has ended"
NOT_READABLE = "connections that were passed on without being understood"
STILL_WAITING = "copied, but not sent before the end"

_NAMES = (PUT, TOO_LONG, TOO_MANY, TOO_FAST, NOT_CHOSEN, NO_READ, NOT_WATCHED, NOT_READABLE)
_BYTES = 8


class Counts:
    """Made before a fork: one side adds, the other one reads."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _BYTES * len(_NAMES))
        self._numbers = memoryview(self._memory).cast("Q")

    def add(self, name: str) -> None:
        """Count one; the name is a constant of this module."""
        self._numbers[_NAMES.index(name)] += 1

    def read(self) -> dict[str, int]:
        """Return what has been counted so far: name -> how often, without zeros."""
        return {name: number for name, number in zip(_NAMES, self._numbers, strict=True) if number}
