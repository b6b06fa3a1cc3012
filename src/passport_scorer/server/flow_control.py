"""Flow control: connections that receive a lot take turns; slow readers delay no others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from uvicorn.protocols.http.flow_control import FlowControl

BULK = 4 * 1024  # bytes received at once from which a connection has to take turns
_AT_ONCE = 2  # connections that continue per iteration of the event loop


class Turns:
    """The queue of a listener's connections that have received a lot and want to continue.

    Attributes:
        meanwhile: called once per iteration of the event loop in which some of them continue.
    """

    def __init__(self) -> None:
        self.meanwhile: Callable[[], None] = lambda: None
        self._waiting: deque[Callable[[], None]] = deque()

    def wait(self, begin: Callable[[], None]) -> None:
        """Enqueue a connection; `begin` is called at its turn."""
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
    """uvicorn's flow control; a connection that has received a lot waits for its turn.

    A response is written in one go, since it is in memory as a whole: its request ends without
    waiting for the client, which could otherwise delay many requests. The connection answers no
    other request while the response `is_unread`.

    Attributes:
        is_unread: the client has not read most of the written bytes.

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
        """Note that the client reads slowly; `write_paused` stays False."""
        self.is_unread = True

    def resume_writing(self) -> None:
        """Note that the client has read nearly everything."""
        self.is_unread = False

    def end_turn(self) -> None:
        """Pause reading until the others have had their turns."""
        if not self._is_waiting:
            self._is_wanted = not self.read_paused
            super().pause_reading()
            self._is_waiting = True
            self._turns.wait(self.begin_turn)

    def begin_turn(self) -> None:
        """Resume reading, unless it was paused again."""
        self._is_waiting = False
        if self._is_wanted and not self._transport.is_closing():
            super().resume_reading()

    def pause_reading(self) -> None:
        """Pause reading until `resume_reading`."""
        self._is_wanted = False
        super().pause_reading()

    def resume_reading(self) -> None:
        """Resume reading, now or at this connection's turn."""
        self._is_wanted = True
        if not self._is_waiting:
            super().resume_reading()
