"""A request and its response, as uvicorn runs them; the body is bounded and can be refused."""

from __future__ import annotations

import asyncio
import urllib.parse
from typing import TYPE_CHECKING

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from passport_scorer.api.http.error_help import help_target
from passport_scorer.api.http.host_header import NO_CLEAR_HOST
from passport_scorer.api.http.response_headers import EXPOSED_HEADERS, answer_headers
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.telemetry.correlation import Correlation, correlation_of
from passport_scorer.telemetry.logger import log

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send
    from uvicorn._types import ASGIReceiveEvent, HTTPScope

    from passport_scorer.server.request_memory import RequestMemory


# Methods whose handlers read no body.
WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})
REASONS = {
    400: "Invalid HTTP request received.",
    408: "The request took too long to arrive.",
    414: "The path of the request is too long.",
    431: "The headers of the request are too long.",
    503: "The service is busy. Please try again later.",
}
_OF_REASON = {"no_clear_host": NO_CLEAR_HOST}
# Error codes for the help link, by reason or else by status.
_CODES: dict[object, str] = {
    "no_clear_host": "no_clear_host",
    400: "invalid_http_request",
    408: "request_timeout",
}
_PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class RequestTimeout(PassportScorerError):
    """The request took too long to arrive."""

    code = "request_timeout"


class ServiceBusy(PassportScorerError):
    """The service is busy. Please try again later."""

    code = "service_busy"


class Exchange(RequestResponseCycle):
    """A request and its response.

    Attributes:
        reads_body: False if the body is discarded on arrival.
        held: bytes of the body in memory.
        memory: the budget that they count against.
        refusal: the error to raise in a handler that waits for the rest of the body.
    """

    reads_body = False
    held = 0
    memory: RequestMemory
    refusal: type[PassportScorerError] | None = None

    def refuse(self, refusal: type[PassportScorerError]) -> None:
        """Raise this error in the handler instead of waiting for the rest of the body."""
        self.refusal = refusal
        self.keep_alive = False
        self.body.clear()
        self.release()
        self.message_event.set()

    def hold(self, count: int) -> None:
        """Count bytes of the body."""
        self.held += count
        self.memory.take(count)

    def release(self, _task: object = None) -> None:
        """Release the bytes of the body."""
        self.memory.give_back(self.held)
        self.held = 0

    async def run_asgi(self, app: ASGIApp) -> None:  # type: ignore[override]
        """Run the application; respond with 503 if it is canceled at shutdown."""
        try:
            await app(self.scope, self.receive, self.send)  # type: ignore[arg-type]
        except asyncio.CancelledError:
            log.warning("request_cancelled")
            if not self.response_started:
                await service_busy(self.scope, self.receive, self.send)  # type: ignore[arg-type]
        except Exception as error:
            log.error("request_failed", error=type(error).__name__, exc_info=error)
        finally:
            if not self.response_complete and not self.disconnected:
                self.transport.close()
            self.on_response = _nothing

    async def receive(self) -> ASGIReceiveEvent:
        """Wait for the next part of the body.

        Raises:
            RequestTimeout: it arrives too slowly.
            ServiceBusy: the memory for requests is full.
        """
        message = await super().receive()
        if self.refusal is not None:
            # A new instance: a traceback keeps the handler's frames alive, and with them the body.
            raise self.refusal
        return message


def complete_scope(scope: HTTPScope, method: str, version: str, target: bytes) -> None:
    """Add method, version, path and query of a request to its scope.

    Raises:
        httptools.HttpParserInvalidURLError: the target is not a URL.
    """
    scope["method"] = method
    if version != "1.1":
        scope["http_version"] = version
    url = httptools.parse_url(target)
    path = url.path.decode("ascii")
    scope["path"] = urllib.parse.unquote(path) if "%" in path else path
    scope["raw_path"] = url.path
    scope["query_string"] = url.query or b""


def refused_response(status: int, reason: str, correlation: Correlation, root: str = "") -> bytes:
    """Return a complete response that rejects a request and closes the connection.

    Args:
        status: HTTP status.
        reason: label of the metric.
        correlation: the ids of the request.
        root: the path prefix of the service.
    """
    body = _body(_OF_REASON.get(reason, REASONS[status]))
    head = b"HTTP/1.1 %d %s\r\n" % (status, _PHRASES[status].encode())
    help_link = help_target(root, status, _CODES.get(reason, _CODES.get(status)))
    fields = [*_headers(status, body, correlation, help_link), (b"connection", b"close")]
    return head + b"".join(b"%s: %s\r\n" % field for field in fields) + b"\r\n" + body


async def service_busy(scope: Scope, _receive: Receive, send: Send) -> None:
    """ASGI application that responds with 503."""
    body = _body(REASONS[503])
    help_link = help_target(scope.get("root_path", ""), 503, "service_busy")
    headers = _headers(503, body, correlation_of(scope["headers"]), help_link)
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _nothing() -> None:
    """Ignore the end of a response that no longer belongs to the connection."""


def _headers(
    status: int, body: bytes, correlation: Correlation, help_link: str
) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"link", f'<{help_link}>; rel="help"'.encode()),
        (b"access-control-allow-origin", b"*"),
        (b"access-control-expose-headers", ", ".join(EXPOSED_HEADERS).encode()),
        *answer_headers(correlation),
    ]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    return headers


def _body(sentence: str) -> bytes:
    return msgspec.json.encode({"detail": sentence})
