"""Counts of calls in fixed windows, in the memory of this process."""

from __future__ import annotations

import math
from collections.abc import Callable

from cachetools import FIFOCache


class _Window:
    """A fixed window: when it ends, and the calls in it. Mutable, so that it keeps its place."""

    __slots__ = ("count", "ends_at", "seconds")

    def __init__(self, seconds: float, ends_at: float) -> None:
        self.seconds = seconds
        self.ends_at = ends_at
        self.count = 1


class WindowCounts:
    """Counts by name in fixed windows; evicts the oldest windows first.

    A window starts with its first call.

    Args:
        clock: returns seconds; must also advance while a Lambda sandbox is frozen.
        capacity: maximum number of names.
    """

    def __init__(self, clock: Callable[[], float], capacity: int) -> None:
        self._clock = clock
        self._windows: FIFOCache[object, _Window] = FIFOCache(capacity)

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._windows)

    def __contains__(self, name: object) -> bool:
        """Return True if a name was counted recently."""
        return name in self._windows

    def add(self, name: object, seconds: float) -> int:
        """Count one call; return the number of calls in this window.

        Args:
            name: of the caller, or of what is called.
            seconds: the length of the window, if this call starts one.
        """
        window = self._windows.get(name)
        if window is not None and self._left(window):
            window.count += 1
            return window.count
        self._windows[name] = _Window(seconds, self._clock() + seconds)
        return 1

    def left(self, name: object) -> float:
        """Return the seconds until a name's window ends; 0 if it has none."""
        window = self._windows.get(name)
        return 0.0 if window is None else self._left(window)

    def wait(self, name: object, limit: int) -> int | None:
        """Return the seconds (at least 1) until a name is below its limit; None if it is now."""
        window = self._windows.get(name)
        if window is None or window.count < limit:
            return None
        left = self._left(window)
        return max(1, math.ceil(left)) if left else None

    def _left(self, window: _Window) -> float:
        left = window.ends_at - self._clock()
        # After a step of the clock, a window may seem to end in hours: it no longer counts.
        return left if 0 < left <= window.seconds else 0.0
