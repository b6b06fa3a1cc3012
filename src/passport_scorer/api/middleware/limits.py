"""Refuses requests that are too long before anything looks at them."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from passport_scorer.api.http.endpoint import LONGEST_BODY
from passport_scorer.api.http.responses import detail_response

LONGEST_TARGET = 8 * 1024  # bytes of path and query
LONGEST_HEADERS = 32 * 1024  # bytes of all names and values


class RequestLimits:
    """ASGI middleware: 414 for a long target, 431 for long headers, 413 for a long body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the request pass."""
        if scope["type"] == "http" and (refused := _refused(scope)):
            await detail_response(refused[1], refused[0])(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _refused(scope: Scope) -> tuple[int, str] | None:
    if len(scope["path"]) + len(scope["query_string"]) > LONGEST_TARGET:
        return 414, "The path of the request is too long."
    headers = scope["headers"]
    if sum(len(name) + len(value) for name, value in headers) > LONGEST_HEADERS:
        return 431, "The headers of the request are too long."
    for name, value in headers:
        if name == b"content-length" and announced_length(value) > LONGEST_BODY:
            return 413, "The body of the request is too long."
    return None


def announced_length(value: bytes) -> int:
    """Return the bytes of a body that `Content-Length` announces; 0 if it says nothing."""
    return int(value) if value.isdigit() and len(value) < 20 else 0
