"""The transfer rate of a connection, sampled about once a second."""

from __future__ import annotations


class Pace:
    """The rate of a body that is received, or of a response that is read.

    Attributes:
        since: when the transfer began.
        moved_at: when a byte was last transferred.
        is_slow: the rate was below the minimum between the last two samples.

    Args:
        now: seconds of a monotonic clock.
        least_rate: bytes per second.
        window: seconds over which the rate is averaged before it is too slow.
    """

    __slots__ = (
        "_bytes",
        "_least_rate",
        "_looked_at",
        "_looked_bytes",
        "_window",
        "_window_at",
        "_window_bytes",
        "is_slow",
        "moved_at",
        "since",
    )

    def __init__(self, now: float, least_rate: int, window: float) -> None:
        self.since = now
        self.is_slow = False
        self._least_rate = least_rate
        self._window = window
        self._bytes = 0
        self.moved_at = now
        self.restart(now)

    def moved(self, count: int, now: float) -> None:
        """Record transferred bytes."""
        if count > 0:
            self._bytes += count
            self.moved_at = now

    def restart(self, now: float) -> None:
        """Restart the measurement, because the delay so far was not the client's."""
        self._looked_at = self._window_at = now
        self._looked_bytes = self._window_bytes = self._bytes
        self.moved_at = now

    def is_too_slow(self, now: float) -> bool:
        """Return True if the rate was below the minimum over a whole window."""
        self.is_slow = self._bytes - self._looked_bytes < self._least_rate * (now - self._looked_at)
        self._looked_at, self._looked_bytes = now, self._bytes
        elapsed = now - self._window_at
        if elapsed < self._window:
            return False
        too_slow = self._bytes - self._window_bytes < self._least_rate * elapsed
        self._window_at, self._window_bytes = now, self._bytes
        return too_slow
