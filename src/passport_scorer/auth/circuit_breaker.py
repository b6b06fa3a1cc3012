"""A circuit breaker: a dependency that fails is left alone for a while, then probed by one call."""

from __future__ import annotations

import time
from collections.abc import Callable


class CircuitBreaker:
    """Says whether a dependency may be called.

    Closed: every call may. Open, after a failure: no call may for `open_seconds`. Half-open, after
    that: one call may, and no other for `probe_seconds`, in which the probe reports its result.

    Args:
        open_seconds: how long the circuit stays open after a failure.
        probe_seconds: maximum duration of a probe.
        clock: returns seconds; monotonic.
    """

    def __init__(
        self,
        open_seconds: float,
        probe_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_seconds = open_seconds
        self._probe_seconds = probe_seconds
        self._clock = clock
        self._is_closed = True
        self._next_probe = 0.0

    def allows_call(self) -> bool:
        """Return True if the dependency may be called now; the caller reports the result."""
        if self._is_closed:
            return True
        now = self._clock()
        if now < self._next_probe:
            return False
        self._next_probe = now + self._probe_seconds
        return True

    def record_failure(self) -> None:
        """Open the circuit."""
        self._is_closed = False
        self._next_probe = self._clock() + self._open_seconds

    def record_success(self) -> bool:
        """Close the circuit; return True if it was not closed before."""
        was_closed, self._is_closed = self._is_closed, True
        return not was_closed
