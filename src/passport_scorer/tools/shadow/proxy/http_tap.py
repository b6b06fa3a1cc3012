"""Understanding the bytes of a connection that are passed on anyway."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import httptools

from passport_scorer.tools.shadow.comparison.responses import Answer
from passport_scorer.tools.shadow.exchanges import Request
from passport_scorer.tools.shadow.proxy.counts import NOT_READABLE, TOO_LONG, TOO_MANY
from passport_scorer.tools.shadow.proxy.mirror_queue import Outbox


class _Message:
    """A request or an answer that is being collected, while there is room for it."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.start = ""
        self.wanted = True
        self.reason = ""

    def add(self, data: bytes) -> None:
        """Take a piece of the body."""
        if not self.wanted:
            return
        if len(self.body) + len(data) > self._outbox.limits.longest:
            self._give_up(TOO_LONG)
        elif not self._outbox.collect(len(data)):
            self._give_up(TOO_MANY)
        else:
            self.body += data

    def _give_up(self, reason: str) -> None:
        self.reason = reason
        self.discard()

    def discard(self) -> None:
        """Forget the body, and take no more of it."""
        self.wanted = False
        self._outbox.release(len(self.body))
        self.body = bytearray()


class _Exchange:
    """A request, and from when its answer is waited for."""

    def __init__(self, outbox: Outbox) -> None:
        self.message = _Message(outbox)
        self.method = ""
        self.sent = 0.0
        self.at_once = 0


class Observer:
    """Follows one connection, in both directions; errors only make it stop following.

    Args:
        outbox: where whole exchanges go.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._exchanges: deque[_Exchange] = deque()
        self._requests = httptools.HttpRequestParser(_Requests(self, outbox))
        self._answering = _Answers(self, outbox)
        self._answers = httptools.HttpResponseParser(self._answering)
        self.following = True

    @property
    def idle(self) -> bool:
        """True if no answer is waited for."""
        return not self._exchanges

    def sent(self, data: bytes) -> None:
        """Take what the client has sent."""
        if self.following:
            self._feed(self._requests, data)

    def answered(self, data: bytes) -> None:
        """Take what the control has answered."""
        if not self.following:
            return
        self._feed(self._answers, data)
        if self._answering.bodiless_done:
            # The parser waits for the body that an answer to HEAD doesn't have.
            self._answering = _Answers(self, self._outbox)
            self._answers = httptools.HttpResponseParser(self._answering)

    def ended(self) -> None:
        """Take note that the control has closed the connection: some answers end so."""
        if self.following and self._answering.until_end:
            self._answering.on_message_complete()
        self.stop()

    def stop(self) -> None:
        """Follow no further, and forget what was collected."""
        self.following = False
        self._answering.message.discard()
        for exchange in self._exchanges:
            exchange.message.discard()
        self._outbox.under_way -= len(self._exchanges)
        self._exchanges.clear()

    def _feed(self, parser: Any, data: bytes) -> None:
        try:
            parser.feed_data(data)
        except httptools.HttpParserError:  # no HTTP, or an upgrade to something else
            self._outbox.drop(NOT_READABLE)
            self.stop()

    def method(self) -> str:
        """The method of the request whose head is there."""
        return str(self._requests.get_method().decode("ascii").upper())

    def status(self) -> int:
        """The status of the answer whose head is there."""
        return int(self._answers.get_status_code())

    def requested(self, exchange: _Exchange) -> None:
        """A request's head is there."""
        self._exchanges.append(exchange)
        self._outbox.under_way += 1
        exchange.at_once = self._outbox.under_way

    @property
    def awaited(self) -> _Exchange | None:
        """The request that is answered next."""
        return self._exchanges[0] if self._exchanges else None

    def complete(self, status: int, answer: _Message) -> None:
        """An answer is whole."""
        exchange = self._exchanges.popleft()
        self._outbox.under_way -= 1
        seconds = time.perf_counter() - exchange.sent
        asked = exchange.message
        if asked.wanted and answer.wanted:
            request = Request(
                exchange.method, asked.start, tuple(asked.headers), bytes(asked.body), time.time()
            )
            made = Answer(status, tuple(answer.headers), bytes(answer.body), seconds)
            self._outbox.put(request, made, exchange.at_once)
        elif reason := asked.reason or answer.reason:
            self._outbox.drop(reason)
        asked.discard()
        answer.discard()


class _Requests:
    """What httptools tells of requests."""

    def __init__(self, observer: Observer, outbox: Outbox) -> None:
        self._observer = observer
        self._outbox = outbox
        self._url = b""
        self._exchange = _Exchange(outbox)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url = b""
        self._exchange = _Exchange(self._outbox)

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._exchange.message.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        exchange = self._exchange
        exchange.method = self._observer.method()
        exchange.message.start = self._url.decode("utf-8", "surrogateescape")
        exchange.message.wanted = self._outbox.admits(exchange.method, exchange.message.start)
        exchange.sent = time.perf_counter()
        self._observer.requested(exchange)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._exchange.message.add(body)

    def on_message_complete(self) -> None:
        """The message is whole."""
        self._exchange.sent = time.perf_counter()


class _Answers:
    """What httptools tells of answers."""

    def __init__(self, observer: Observer, outbox: Outbox) -> None:
        self._observer = observer
        self._outbox = outbox
        self.message = _Message(outbox)
        self.until_end = False
        self.bodiless_done = False
        self._status = 0

    def on_message_begin(self) -> None:
        """A message begins."""
        self.message = _Message(self._outbox)
        exchange = self._observer.awaited
        self.message.wanted = bool(exchange and exchange.message.wanted)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self.message.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._status = self._observer.status()
        exchange = self._observer.awaited
        names = {name.lower() for name, _ in self.message.headers}
        head = exchange is not None and exchange.method == "HEAD"
        self.until_end = (
            not names & {"content-length", "transfer-encoding"}
            and self._status >= 200
            and self._status not in {204, 304}
            and not head
        )
        if head and self._status >= 200:
            self._observer.complete(self._status, self.message)
            self.bodiless_done = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self.bodiless_done:
            # The next answer, taken for a body: what comes can't be told apart any more.
            raise ValueError("an answer to HEAD with a body, or another one right behind it")
        self.message.add(body)

    def on_message_complete(self) -> None:
        """The message is whole."""
        self.until_end = False
        if self._status >= 200 and not self.bodiless_done and self._observer.awaited:
            self._observer.complete(self._status, self.message)
