"""One request to an ASGI application, and its response."""

from __future__ import annotations

from typing import Any

from starlette.types import ASGIApp, Message, Scope

from passport_scorer.api.http.error_reference import GENERAL_FAILURE
from passport_scorer.aws_lambda.events import HttpRequest, decoded_path
from passport_scorer.aws_lambda.responses import HttpResponse, detail_response
from passport_scorer.telemetry.logger import log

FAULT = GENERAL_FAILURE


async def exchange(application: ASGIApp, request: HttpRequest) -> HttpResponse:
    """Run an application for a request. An exception becomes a response with status 500."""
    running = _Exchange(request)
    try:
        await application(_scope(request), running.receive, running.send)
    except Exception as error:
        # Starlette reraises what it has already answered and logged.
        if running.answer is None:
            log.error("request_failed", error=type(error).__name__, exc_info=error)
    return running.answer or detail_response("internal_error", FAULT)


class _Exchange:
    """The `receive` and `send` of an ASGI application."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._received = False
        self._start: Message | None = None
        self._body = bytearray()
        self.answer: HttpResponse | None = None

    async def receive(self) -> Message:
        """Return the whole body, then a disconnect."""
        if self._received:
            return {"type": "http.disconnect"}
        self._received = True
        return {"type": "http.request", "body": self._request.body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Collect the head of the response, and its body piece by piece."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False) and self._start is not None:
            body = b"" if self._request.method == "HEAD" else bytes(self._body)
            headers = [(bytes(name), bytes(value)) for name, value in self._start["headers"]]
            self.answer = HttpResponse(self._start["status"], headers, body)


def _scope(request: HttpRequest) -> Scope:
    scheme = next(
        (value for name, value in request.headers if name == b"x-forwarded-proto"), b"https"
    )
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http" if scheme == b"http" else "https",
        "path": decoded_path(request.path),
        "raw_path": request.path,
        "root_path": "",
        "query_string": request.query,
        "headers": request.headers,
        "client": (request.client, 0),
        "server": None,
        "state": {},
    }
    return scope
