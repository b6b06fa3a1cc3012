"""Flow control: connections on which a lot comes take turns, and slow readers hold up nobody."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from uvicorn.protocols.http.flow_control import FlowControl

BULK = 4 * 1024  # bytes at once, from which on a connection has to take turns
_AT_ONCE = 2  # connections that go on in one turn of the event loop


class Turns:
    """The queue of a listener's connections that want to go on after they had more than others.

    Attributes:
        meanwhile: is called once for each turn of the event loop in which some of them go on.
    """

    def __init__(self) -> None:
        self.meanwhile: Callable[[], None] = lambda: None
        self._waiting: deque[Callable[[], None]] = deque()

    def wait(self, begin: Callable[[], None]) -> None:
        """Put a connection at the end of the queue; `begin` is called when its turn comes."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        self._waiting.append(begin)

    def _next(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            self._waiting.popleft()()
        self.meanwhile()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)


class ConnectionFlow(FlowControl):
    """uvicorn's flow control; who wants to read on after a lot has come waits for a turn.

    A response is written in one go, for it is in memory as a whole: its request ends without
    the reader, who could otherwise make many requests wait. The connection answers no other one
    as long as the response `is_unread`.

    Attributes:
        is_unread: the reader has not taken most of what was written.

    Args:
        transport: of the connection.
        turns: the queue.
    """

    def __init__(self, transport: asyncio.Transport, turns: Turns) -> None:
        super().__init__(transport)
        self.is_unread = False
        self._turns = turns
        self._is_waiting = False
        self._is_wanted = True

    def pause_writing(self) -> None:
        """Note that the reader is slower than the responses; `write_paused` stays False."""
        self.is_unread = True

    def resume_writing(self) -> None:
        """Note that the reader has taken nearly everything."""
        self.is_unread = False

    def end_turn(self) -> None:
        """Read no more before the others have."""
        if not self._is_waiting:
            self._is_wanted = not self.read_paused
            super().pause_reading()
            self._is_waiting = True
            self._turns.wait(self.begin_turn)

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
