"""Trace, count and log every request, and make sure that it gets a response."""

from __future__ import annotations

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from passport_scorer.api.http.response_headers import answer_headers
from passport_scorer.api.http.responses import error_response
from passport_scorer.api.middleware.access_log import log_request
from passport_scorer.telemetry import Telemetry
from passport_scorer.telemetry.correlation import CORRELATION, Correlation, correlation_of
from passport_scorer.telemetry.metrics import (
    HTTP_REQUEST_DURATION,
    HTTP_REQUESTS,
    HTTP_REQUESTS_IN_FLIGHT,
)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CLASSES = ("0xx", "1xx", "2xx", "3xx", "4xx", "5xx")


class RequestTelemetry:
    """ASGI middleware, the outermost.

    Args:
        app: the next application.
        telemetry: where requests are counted and traced.
    """

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and report the outcome."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = scope["headers"]
        started = time.perf_counter()
        self._in_flight += 1
        self._telemetry.metrics.add(HTTP_REQUESTS_IN_FLIGHT)
        with self._telemetry.traces.request(scope["method"], scope["scheme"], headers) as span:
            correlation = correlation_of(headers, span.traceparent)
            CORRELATION.set(correlation)
            response = _ObservedResponse(send, started, correlation)
            try:
                await self._respond(scope, receive, response)
            finally:
                self._in_flight -= 1
                route, status = _route(scope), response.status or 500
                span.answered(route, status)
                self._report(scope, route, status, response.sent - started)

    async def _respond(self, scope: Scope, receive: Receive, response: _ObservedResponse) -> None:
        try:
            await self._app(scope, receive, response)
            if self._in_flight > 1:
                await asyncio.sleep(0)  # other responses are sent before this one is reported
        except Exception as error:
            if response.status:
                raise  # part of it has been sent: the server has to close the connection
            await error_response(error)(scope, receive, response)

    def _report(self, scope: Scope, route: str | None, status: int, seconds: float) -> None:
        log_request(scope, route, status, seconds)
        metrics = self._telemetry.metrics
        method = scope["method"] if scope["method"] in _METHODS else "other"
        label = route or "unmatched"
        metrics.add(HTTP_REQUESTS_IN_FLIGHT, -1)
        metrics.add(HTTP_REQUESTS, 1, label, method, _CLASSES[status // 100])
        metrics.observe(HTTP_REQUEST_DURATION, seconds, label, method)


class _ObservedResponse:
    """Passes a response on with the headers of all responses; notes its status and send time.

    Attributes:
        status: the status; 0 until the response starts.
        sent: when the last part was sent, by `time.perf_counter`.
    """

    __slots__ = ("_correlation", "_send", "sent", "status")

    def __init__(self, send: Send, started: float, correlation: Correlation) -> None:
        self._send = send
        self._correlation = correlation
        self.status = 0
        self.sent = started

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = answer_headers(self._correlation, message["headers"])
        await self._send(message)
        self.sent = time.perf_counter()


def _route(scope: Scope) -> str | None:
    """Return the route template, which bounds the cardinality of labels."""
    return getattr(scope.get("route"), "path", None)
