"""HTTP/1.1 connections: heads are bounded, and the end of the service cuts no request."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

# Bytes of a request line and headers, or of trailers, that are read at all.
_LONGEST_HEAD = 4 * 1024 * 1024
# Seconds without a byte after which a closing server takes it that no request is on its way.
_QUIET = 0.5


class Ending(ServerState):
    """What the connections of a server share; uvicorn's own, and how far its end has come.

    Attributes:
        has_begun: each connection ends with its next answer.
        is_closed: connections that nothing is asked on end, too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.has_begun = False
        self.is_closed = False


class HttpConnection(HttpToolsProtocol):
    """A connection that stops reading a head without end; any other gets its exact answer later.

    When the server ends, whatever was asked is answered, with `Connection: close`. An idle
    connection is closed only when it has been quiet for a moment: a close would cross the
    request of a caller who has just been answered.
    """

    server_state: Ending
    _bytes_without_progress = 0
    _is_in_head = False
    _newest: RequestResponseCycle | None = None  # what was asked last, and its answer
    _last: RequestResponseCycle | None = None  # what is answered with `Connection: close`

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self._heard = self.loop.time()
        if self.server_state.is_closed:  # taken from the listener's queue at the last moment
            self.shutdown()

    def data_received(self, data: bytes) -> None:
        """Take bytes from the connection."""
        self._bytes_without_progress += len(data)
        if self._bytes_without_progress > _LONGEST_HEAD:
            self.send_400_response("The head of the request is too long.")
            return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """The first byte of a request has come."""
        self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head has ended."""
        self._bytes_without_progress = 0
        self._is_in_head = False
        if self._last is not None and not self._last.response_started:
            self._last.keep_alive = True  # this one was sent right behind it
        super().on_headers_complete()
        self._newest = self.cycle
        if self.server_state.has_begun:
            self.end_with_answer()

    def on_body(self, body: bytes) -> None:
        """A piece of the body has come; whoever reads it knows when it is enough."""
        self._bytes_without_progress = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request has ended, trailers included."""
        self._bytes_without_progress = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer has been written."""
        self._heard = self.loop.time()
        super().on_response_complete()

    def end_with_answer(self) -> None:
        """Let the connection end with the answer to what was asked last, if it isn't begun."""
        newest = self._newest
        if newest is not None and newest.keep_alive and not newest.response_started:
            newest.keep_alive = False
            self._last = newest

    def shutdown(self) -> None:
        """Close as soon as nothing is asked any more."""
        if self.transport.is_closing():
            return
        is_answered = self._newest is None or self._newest.response_complete
        is_idle = is_answered and not self._is_in_head
        quiet_for = self.loop.time() - self._heard
        if is_idle and quiet_for >= _QUIET:
            self.transport.close()
        else:
            self.loop.call_later(_QUIET - quiet_for if is_idle else _QUIET, self.shutdown)
