"""Traces: a span for each request, each statement and each stage of scoring.

`SPANS` lists every span; the table in docs/operations.md is made from it. The null object here
returns the same span every time, so that tracing costs nothing while it is off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import msgspec

Headers = Iterable[tuple[bytes, bytes]]


class SpanKind(msgspec.Struct, frozen=True):
    """A kind of span.

    Attributes:
        name: the name of the span, or its pattern.
        description: what it covers.
        attributes: names of its attributes.
    """

    name: str
    description: str
    attributes: tuple[str, ...] = ()


TOUCH = "scoring.touch"
READ = "scoring.read"
VERIFY = "scoring.verify"
DECIDE = "scoring.decide"
WRITE = "scoring.write"

SPANS = (
    SpanKind(
        "{method} {route}",
        "A request, from its head to the end of its response; the route is a template. Continues "
        "the trace of the caller's `traceparent`.",
        (
            "http.request.method",
            "http.route",
            "http.response.status_code",
            "url.scheme",
            "url.path",
            "error.type",
        ),
    ),
    SpanKind(
        "{query}",
        "A statement, from sending it to its last row, named after its file.",
        ("db.system.name", "db.system", "db.query.summary", "error.type"),
    ),
    SpanKind(TOUCH, "Records scores whose inputs are unchanged.", ("scoring.set_size",)),
    SpanKind(READ, "Loads everything that a batch of scores depends on.", ("scoring.set_size",)),
    SpanKind(VERIFY, "Verifies the stamps.", ("scoring.set_size",)),
    SpanKind(DECIDE, "Decides the scores by pure rules.", ("scoring.set_size",)),
    SpanKind(WRITE, "Writes what has changed.", ("scoring.set_size",)),
)


class RequestSpan(Protocol):
    """The span of one request."""

    @property
    def traceparent(self) -> str | None:
        """The span as W3C Trace Context writes it; None if nothing is traced."""

    def __enter__(self) -> RequestSpan: ...

    def __exit__(self, *error: Any) -> None: ...

    def answered(self, route: str | None, status: int) -> None:
        """Note which route (a template) answered, and how."""


class Traces(Protocol):
    """Records spans. No call ever fails, and only `flush` and `close` wait."""

    def request(self, method: str, scheme: str, headers: Headers, /) -> RequestSpan:
        """Begin the span of a request; `headers` may say which trace it belongs to."""

    def query(self, name: str, /) -> AbstractContextManager[Any]:
        """Cover a statement by a span of its own."""

    def stage(self, name: str, set_size: int, /) -> AbstractContextManager[Any]:
        """Cover a stage of scoring by a span of its own."""

    def current(self) -> Any:
        """Return the span that others would begin in, for `continued`; None: none is recorded."""

    def continued(self, spans: Sequence[Any], /) -> AbstractContextManager[Any]:
        """Do work for several requests meanwhile: in the first of their spans that is recorded.

        What begins meanwhile is linked to the others.
        """

    async def flush(self) -> None:
        """Send the recorded spans; waits a bounded time, and never fails."""

    async def close(self) -> None:
        """Send the recorded spans, and stop; waits a bounded time, and never fails."""


class NoRequestSpan:
    """Records nothing."""

    traceparent = None

    def __enter__(self) -> NoRequestSpan:
        return self

    def __exit__(self, *error: Any) -> None:
        pass

    def answered(self, route: str | None, status: int) -> None:
        """Forget it."""


NOTHING: AbstractContextManager[None] = nullcontext()
_NO_REQUEST_SPAN = NoRequestSpan()


class NoTraces:
    """Records nothing."""

    def request(self, _method: str, _scheme: str, _headers: Headers, /) -> RequestSpan:
        """Begin nothing."""
        return _NO_REQUEST_SPAN

    def query(self, _name: str, /) -> AbstractContextManager[Any]:
        """Cover nothing."""
        return NOTHING

    def stage(self, _name: str, _set_size: int, /) -> AbstractContextManager[Any]:
        """Cover nothing."""
        return NOTHING

    def current(self) -> None:
        """Return None: no span is recorded."""

    def continued(self, _spans: Sequence[Any], /) -> AbstractContextManager[Any]:
        """Continue nothing."""
        return NOTHING

    async def flush(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""


NO_TRACES = NoTraces()
