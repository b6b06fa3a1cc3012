"""One request and its answer, by an ASGI application."""

from __future__ import annotations

from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Scope

from passport_scorer.api.http.error_reference import GENERAL_FAILURE
from passport_scorer.aws_lambda.answers import HttpAnswer, detail_answer
from passport_scorer.aws_lambda.events import HttpRequest, decoded_path

FAULT = GENERAL_FAILURE

log = structlog.get_logger()


async def exchange(application: ASGIApp, request: HttpRequest) -> HttpAnswer:
    """Have an application answer a request; a failure of it is 500, and never raised."""
    running = _Exchange(request)
    try:
        await application(_scope(request), running.receive, running.send)
    except Exception as error:
        # Starlette raises again what it has answered and logged already.
        if running.answer is None:
            log.error("request_failed", error=type(error).__name__, exc_info=error)
    return running.answer or detail_answer("internal_error", FAULT)


class _Exchange:
    """What ASGI calls an application's `receive` and `send`."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._received = False
        self._start: Message | None = None
        self._body = bytearray()
        self.answer: HttpAnswer | None = None

    async def receive(self) -> Message:
        """Give the whole body, and then say that there is nobody any more."""
        if self._received:
            return {"type": "http.disconnect"}
        self._received = True
        return {"type": "http.request", "body": self._request.body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take the head of the answer, and its body piece by piece."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False) and self._start is not None:
            body = b"" if self._request.method == "HEAD" else bytes(self._body)
            headers = [(bytes(name), bytes(value)) for name, value in self._start["headers"]]
            self.answer = HttpAnswer(self._start["status"], headers, body)


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
