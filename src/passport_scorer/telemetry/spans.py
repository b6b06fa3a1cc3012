"""Spans of OpenTelemetry that are current while a context lasts."""

from __future__ import annotations

from typing import Any

from opentelemetry.context import attach, detach
from opentelemetry.trace import Span, StatusCode, set_span_in_context

from passport_scorer.domain.errors import PassportScorerError


class CurrentSpan:
    """Makes a span current, and ends it."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def __enter__(self) -> Any:
        self._token = attach(set_span_in_context(self._span))
        return self

    def __exit__(self, _kind: Any, error: BaseException | None, _traceback: Any) -> None:
        if error is not None:
            code = error.code if isinstance(error, PassportScorerError) else type(error).__name__
            self._fail(code)
        detach(self._token)
        self._span.end()

    def _fail(self, error: str) -> None:
        self._span.set_attribute("error.type", error)
        self._span.set_status(StatusCode.ERROR)


class CurrentRequestSpan(CurrentSpan):
    """The span of a request; see `traces.RequestSpan`."""

    def __init__(self, span: Span, method: str) -> None:
        super().__init__(span)
        self._method = method

    @property
    def traceparent(self) -> str | None:
        """The span, as the `traceparent` header of W3C Trace Context names it."""
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def answered(self, route: str | None, status: int) -> None:
        """Record the route template (None: no route matched) and the status of the response."""
        if not self._span.is_recording():
            return
        if route is not None:
            self._span.update_name(f"{self._method} {route}")
            # A path may contain private data; the route template replaces it.
            self._span.set_attributes({"http.route": route, "url.path": route})
        self._span.set_attribute("http.response.status_code", status)
        if status >= 500:
            self._fail(str(status))
