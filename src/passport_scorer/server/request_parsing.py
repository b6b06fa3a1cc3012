"""Parsing the bytes of a connection into requests: bounded, one request at a time."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from passport_scorer.api.http.host_header import has_clear_host
from passport_scorer.api.middleware.limits import LONGEST_TARGET
from passport_scorer.server.flow_control import BULK, ConnectionFlow
from passport_scorer.server.http_exchange import (
    WITHOUT_BODY,
    Exchange,
    complete_scope,
    service_busy,
)
from passport_scorer.server.listener_state import ListenerState

_END_OF_HEAD = b"\r\n\r\n"
_PIECE = 16 * 1024  # bytes that are parsed between two checks of the bounds
_PIECE_OF_BODY = 256  # minimum piece of a body, which can be full of ends of heads
# Statuses and reasons.
_NOT_HTTP = (400, "not_http")
_NO_CLEAR_HOST = (400, "no_clear_host")
_TOO_MANY_HEADERS = (431, "head_too_long")


class RequestParsing(HttpToolsProtocol, ABC):
    """The part of a connection that receives.

    Pipelined requests are parsed only after the previous response has been read, so that each
    connection has one request at a time.
    """

    server_state: ListenerState
    flow: ConnectionFlow
    cycle: Exchange | None  # type: ignore[assignment]  # the newest request, and its response
    _is_in_head = False
    _is_in_body = False
    _problem = _NOT_HTTP  # the response if the parser stops
    _bytes_without_progress = 0
    _discarded = 0
    _trailers = 0
    _unparsed = b""
    _waits_for_turn = False
    _closes_at: float | None = None  # of a connection that has been sent a rejection

    @abstractmethod
    def refuse(self, status: int, reason: str) -> None:
        """Answer an incomplete request with an error, and close."""

    @abstractmethod
    def break_off(self, reason: str) -> None:
        """Close immediately, even during a response."""

    @abstractmethod
    def _on_parsed(self, count: int) -> None:
        """Handle that all received bytes are parsed."""

    @abstractmethod
    def _on_buffered(self) -> None:
        """Handle that bytes were kept to be parsed later."""

    @abstractmethod
    def _make_room(self) -> None:
        """Close connections, since too many bytes are in memory."""

    def data_received(self, data: bytes) -> None:
        """Receive bytes."""
        if len(data) >= BULK:
            self.flow.end_turn()
        if self._closes_at is not None:
            self._discard(len(data))
        elif self._unparsed or self._is_busy():
            self._keep(data)
        else:
            self._parse(data)

    def _discard(self, count: int) -> None:
        self._discarded += count
        if self._discarded > self.server_state.limits.linger_bytes:
            self.transport.abort()

    def _is_busy(self) -> bool:
        if self.flow.is_unread:
            return True
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not self._is_in_body

    def _keep(self, data: bytes) -> None:
        """Keep pipelined bytes for later, and pause reading."""
        self._unparsed += data
        self.flow.pause_reading()
        if len(self._unparsed) > self.server_state.limits.pipelined_bytes:
            self.break_off("pipelined_too_much")
        else:
            self._on_buffered()

    def _resume(self) -> None:
        """Resume reading; kept bytes are parsed first, when it is this connection's turn."""
        if self._unparsed:
            if not self._waits_for_turn:
                self._waits_for_turn = True
                self.server_state.turns.wait(self._begin_turn)
        elif not self._is_busy():
            self.flow.resume_reading()

    def _begin_turn(self) -> None:
        self._waits_for_turn = False
        if self._closes_at is None and not self.transport.is_closing() and not self._is_busy():
            self.flow.resume_reading()
            data, self._unparsed = self._unparsed, b""
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        position, length = 0, len(data)
        while position < length:
            if position and self._is_busy():
                self._keep(data[position:])
                return
            begin = position + _PIECE_OF_BODY if self._is_in_body else position
            most = min(position + _PIECE, length)
            end = data.find(_END_OF_HEAD, begin, most)
            end = most if end < 0 else end + len(_END_OF_HEAD)
            piece = data if end - position == length else data[position:end]
            taken = self._feed(piece)
            if not taken:
                return
            position += taken
        self._on_parsed(length)

    def _feed(self, piece: bytes) -> int:
        """Parse a piece; return how many bytes were consumed, 0 if the connection ends."""
        taken = len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:  # upgrades are ignored
            taken = max(1, upgrade.args[0])
        except httptools.HttpParserError:
            self.refuse(*self._problem)
            return 0
        if (self._is_in_head or self._is_in_body) and not self._is_within_bounds(taken):
            return 0
        return taken if self._closes_at is None else 0

    def _is_within_bounds(self, count: int) -> bool:
        limits = self.server_state.limits
        self._bytes_without_progress += count
        if self._bytes_without_progress > limits.head_bytes:
            is_target = self._is_in_head and len(self.url) > LONGEST_TARGET
            self.refuse(414 if is_target else 431, "head_too_long")
            return False
        if self._discarded > limits.discarded_bytes:
            self.break_off("body_too_long")
            return False
        return True

    def on_message_begin(self) -> None:
        """Handle the first byte of a request."""
        self._is_in_head = True
        self._bytes_without_progress = self._discarded = self._trailers = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Handle a header. Blanks and tabs around its value are stripped; trailers are ignored.

        Raises:
            ValueError: there are too many headers; the parser stops.

        Source: RFC 9110, 5.5 and 6.5.1.
        """
        if len(self.headers) + self._trailers >= self.server_state.limits.headers:
            self._problem = _TOO_MANY_HEADERS
            raise ValueError
        if self._is_in_body:
            self._trailers += 1
        else:
            super().on_header(name, value.strip(b" \t"))

    def on_headers_complete(self) -> None:
        """Handle the end of the head: answer the request, or queue it behind the current one.

        Raises:
            ValueError: the target is invalid, or the host is ambiguous; the parser stops.
        """
        if not has_clear_host(self.headers, self.parser.get_http_version()):
            self._problem = _NO_CLEAR_HOST
            raise ValueError
        is_first = self.cycle is None or self.cycle.response_complete
        self.cycle = self._exchange()
        self._is_in_head = False
        self._is_in_body = True
        self._bytes_without_progress = 0
        if is_first:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _exchange(self) -> Exchange:
        version, method = self.parser.get_http_version(), self.parser.get_method().decode("ascii")
        complete_scope(self.scope, method, version, self.url)
        exchange = Exchange(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        exchange.reads_body = method not in WITHOUT_BODY
        exchange.memory = self.server_state.memory
        return exchange

    def _start_asgi_task(self, cycle: Exchange, app: object) -> None:  # type: ignore[override]
        state = self.server_state
        if len(self.tasks) >= state.limits.requests and state.is_full(cycle.scope["path"]):
            state.refusals.note("too_many_requests")
            app = service_busy
        task = self.loop.create_task(cycle.run_asgi(app))  # type: ignore[arg-type]
        task.add_done_callback(self.tasks.discard)
        if cycle.reads_body:
            task.add_done_callback(cycle.release)
        self.tasks.add(task)

    def on_body(self, body: bytes) -> None:
        """Handle a piece of the body."""
        self._bytes_without_progress = 0
        cycle = cast("Exchange", self.cycle)
        if cycle.response_complete or not cycle.reads_body or cycle.refusal is not None:
            self._discarded += len(body)
            return
        super().on_body(body)
        cycle.hold(len(body))
        if cycle.memory.is_exceeded:
            self._make_room()

    def on_message_complete(self) -> None:
        """Handle the end of the request, trailers included."""
        self._is_in_body = False
        super().on_message_complete()
