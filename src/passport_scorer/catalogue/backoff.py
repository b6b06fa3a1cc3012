"""Exponential backoff between retries."""

from __future__ import annotations


class ExponentialBackoff:
    """Delays that double with each failure in a row, up to a maximum.

    Args:
        initial: the first delay, in seconds.
        maximum: the longest delay, in seconds.
    """

    def __init__(self, initial: float, maximum: float) -> None:
        self._initial = initial
        self._maximum = maximum
        self._delay = initial

    def next_delay(self) -> float:
        """Return the seconds to wait after another failure."""
        delay, self._delay = self._delay, min(2 * self._delay, self._maximum)
        return delay

    def reset(self) -> None:
        """Start over, after a success."""
        self._delay = self._initial
