"""A tap that parses the HTTP messages of a forwarded connection."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import httptools

from passport_scorer.tools.shadow.comparison.responses import ReceivedResponse
from passport_scorer.tools.shadow.exchanges import Request
from passport_scorer.tools.shadow.proxy.counts import NOT_UNDERSTOOD, QUEUE_FULL, TOO_LONG
from passport_scorer.tools.shadow.proxy.mirror_queue import MirrorQueue


class _Message:
    """A request or response that is being collected, as long as the queue has room for it."""

    def __init__(self, mirror_queue: MirrorQueue) -> None:
        self._mirror_queue = mirror_queue
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.start = ""
        self.wanted = True
        self.reason = ""

    def add(self, data: bytes) -> None:
        """Append a part of the body."""
        if not self.wanted:
            return
        if len(self.body) + len(data) > self._mirror_queue.limits.longest:
            self._give_up(TOO_LONG)
        elif not self._mirror_queue.collect(len(data)):
            self._give_up(QUEUE_FULL)
        else:
            self.body += data

    def _give_up(self, reason: str) -> None:
        self.reason = reason
        self.discard()

    def discard(self) -> None:
        """Drop the body and ignore the rest of it."""
        self.wanted = False
        self._mirror_queue.release(len(self.body))
        self.body = bytearray()


class _PendingExchange:
    """A request whose response is pending."""

    def __init__(self, mirror_queue: MirrorQueue) -> None:
        self.message = _Message(mirror_queue)
        self.method = ""
        self.sent = 0.0
        self.in_flight = 0


class HttpTap:
    """Parses both directions of a connection; on an error it merely stops parsing.

    Args:
        mirror_queue: where complete exchanges go.
    """

    def __init__(self, mirror_queue: MirrorQueue) -> None:
        self._mirror_queue = mirror_queue
        self._exchanges: deque[_PendingExchange] = deque()
        self._request_parser = httptools.HttpRequestParser(_RequestCallbacks(self, mirror_queue))
        self._response_callbacks = _ResponseCallbacks(self, mirror_queue)
        self._response_parser = httptools.HttpResponseParser(self._response_callbacks)
        self.following = True

    @property
    def idle(self) -> bool:
        """True if no response is pending."""
        return not self._exchanges

    def feed_request(self, data: bytes) -> None:
        """Parse data from the client."""
        if self.following:
            self._feed(self._request_parser, data)

    def feed_response(self, data: bytes) -> None:
        """Parse data from the control."""
        if not self.following:
            return
        self._feed(self._response_parser, data)
        if self._response_callbacks.head_done:
            # The parser waits for a body, which a response to HEAD does not have.
            self._response_callbacks = _ResponseCallbacks(self, self._mirror_queue)
            self._response_parser = httptools.HttpResponseParser(self._response_callbacks)

    def end_response(self) -> None:
        """Handle the end of the control's data, which completes some responses."""
        if self.following and self._response_callbacks.ends_at_close:
            self._response_callbacks.on_message_complete()
        self.stop()

    def stop(self) -> None:
        """Stop parsing and drop the collected data."""
        self.following = False
        self._response_callbacks.message.discard()
        for exchange in self._exchanges:
            exchange.message.discard()
        self._mirror_queue.in_flight -= len(self._exchanges)
        self._exchanges.clear()

    def _feed(self, parser: Any, data: bytes) -> None:
        try:
            parser.feed_data(data)
        except httptools.HttpParserError:  # not HTTP, or an upgrade to another protocol
            self._mirror_queue.drop(NOT_UNDERSTOOD)
            self.stop()

    def method(self) -> str:
        """Return the method of the request whose head is complete."""
        return str(self._request_parser.get_method().decode("ascii").upper())

    def status(self) -> int:
        """Return the status of the response whose head is complete."""
        return int(self._response_parser.get_status_code())

    def requested(self, exchange: _PendingExchange) -> None:
        """Register a request whose head is complete."""
        self._exchanges.append(exchange)
        self._mirror_queue.in_flight += 1
        exchange.in_flight = self._mirror_queue.in_flight

    @property
    def awaited(self) -> _PendingExchange | None:
        """The request whose response is next."""
        return self._exchanges[0] if self._exchanges else None

    def complete(self, status: int, response: _Message) -> None:
        """Queue an exchange whose response is complete."""
        exchange = self._exchanges.popleft()
        self._mirror_queue.in_flight -= 1
        seconds = time.perf_counter() - exchange.sent
        sent = exchange.message
        if sent.wanted and response.wanted:
            request = Request(
                exchange.method, sent.start, tuple(sent.headers), bytes(sent.body), time.time()
            )
            received = ReceivedResponse(
                status, tuple(response.headers), bytes(response.body), seconds
            )
            self._mirror_queue.put(request, received, exchange.in_flight)
        elif reason := sent.reason or response.reason:
            self._mirror_queue.drop(reason)
        sent.discard()
        response.discard()


class _RequestCallbacks:
    """The callbacks of httptools for requests."""

    def __init__(self, tap: HttpTap, mirror_queue: MirrorQueue) -> None:
        self._tap = tap
        self._mirror_queue = mirror_queue
        self._url = b""
        self._exchange = _PendingExchange(mirror_queue)

    def on_message_begin(self) -> None:
        """Start a request."""
        self._url = b""
        self._exchange = _PendingExchange(self._mirror_queue)

    def on_url(self, url: bytes) -> None:
        """Append a part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Append a header."""
        self._exchange.message.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Decide whether to mirror the request."""
        exchange = self._exchange
        exchange.method = self._tap.method()
        exchange.message.start = self._url.decode("utf-8", "surrogateescape")
        exchange.message.wanted = self._mirror_queue.admits(exchange.method, exchange.message.start)
        exchange.sent = time.perf_counter()
        self._tap.requested(exchange)

    def on_body(self, body: bytes) -> None:
        """Append a part of the body."""
        self._exchange.message.add(body)

    def on_message_complete(self) -> None:
        """Take the time at which the request is complete."""
        self._exchange.sent = time.perf_counter()


class _ResponseCallbacks:
    """The callbacks of httptools for responses."""

    def __init__(self, tap: HttpTap, mirror_queue: MirrorQueue) -> None:
        self._tap = tap
        self._mirror_queue = mirror_queue
        self.message = _Message(mirror_queue)
        self.ends_at_close = False
        self.head_done = False
        self._status = 0

    def on_message_begin(self) -> None:
        """Start a response."""
        self.message = _Message(self._mirror_queue)
        exchange = self._tap.awaited
        self.message.wanted = bool(exchange and exchange.message.wanted)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Append a header."""
        self.message.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Determine the end of the response."""
        self._status = self._tap.status()
        exchange = self._tap.awaited
        names = {name.lower() for name, _ in self.message.headers}
        head = exchange is not None and exchange.method == "HEAD"
        self.ends_at_close = (
            not names & {"content-length", "transfer-encoding"}
            and self._status >= 200
            and self._status not in {204, 304}
            and not head
        )
        if head and self._status >= 200:
            self._tap.complete(self._status, self.message)
            self.head_done = True

    def on_body(self, body: bytes) -> None:
        """Append a part of the body."""
        if self.head_done:
            # This is the next response, parsed as a body: the parser is out of step from here on.
            raise ValueError("a response to HEAD with a body, or pipelined responses")
        self.message.add(body)

    def on_message_complete(self) -> None:
        """Complete the exchange, unless the response is an interim one."""
        self.ends_at_close = False
        if self._status >= 200 and not self.head_done and self._tap.awaited:
            self._tap.complete(self._status, self.message)
