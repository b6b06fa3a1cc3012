"""Connections on which a lot comes take turns, so that the others don't wait for all of it."""

from __future__ import annotations

import asyncio
from collections import deque

from uvicorn.protocols.http.flow_control import FlowControl

BULK = 4 * 1024  # bytes at once, from which on a connection has to take turns
_AT_ONCE = 8  # connections that are read in one turn of the event loop


class ReadingTurns:
    """The queue of a listener's connections that wait to be read again."""

    def __init__(self) -> None:
        self._waiting: deque[TakingTurns] = deque()

    def wait(self, flow: TakingTurns) -> None:
        """Put a connection at the end of the queue."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        self._waiting.append(flow)

    def _next(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            self._waiting.popleft().begin_turn()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)


class TakingTurns(FlowControl):
    """uvicorn's flow control; who wants to read on after a lot has come waits for a turn.

    Args:
        transport: of the connection.
        turns: the queue.
    """

    def __init__(self, transport: asyncio.Transport, turns: ReadingTurns) -> None:
        super().__init__(transport)
        self._turns = turns
        self._is_waiting = False
        self._is_wanted = True

    def end_turn(self) -> None:
        """Read no more before the others have."""
        if not self._is_waiting:
            self._is_wanted = not self.read_paused
            super().pause_reading()
            self._is_waiting = True
            self._turns.wait(self)

    def begin_turn(self) -> None:
        """Read on, if that is still wanted."""
        self._is_waiting = False
        if self._is_wanted and not self._transport.is_closing():
            super().resume_reading()

    def pause_reading(self) -> None:
        """Read no more until `resume_reading`."""
        self._is_wanted = False
        super().pause_reading()

    def resume_reading(self) -> None:
        """Read on, now or when it is this connection's turn."""
        self._is_wanted = True
        if not self._is_waiting:
            super().resume_reading()
