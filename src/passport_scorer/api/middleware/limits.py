"""Rejects requests that are too long before anything else looks at them."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from passport_scorer.api.guards.base import LONGEST_BODY
from passport_scorer.api.http.errors import BodyTooLong, HeadersTooLong, PathTooLong
from passport_scorer.api.http.responses import error_response
from passport_scorer.domain.errors import PassportScorerError

LONGEST_TARGET = 8 * 1024  # bytes of path and query
LONGEST_HEADERS = 32 * 1024  # bytes of all names and values


class RequestLimits:
    """ASGI middleware: responds 414 to a long path, 431 to long headers, 413 to a long body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond, or pass the request on."""
        if scope["type"] == "http" and (refused := _refused(scope)):
            await error_response(refused)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _refused(scope: Scope) -> PassportScorerError | None:
    if len(scope["path"]) + len(scope["query_string"]) > LONGEST_TARGET:
        return PathTooLong()
    headers = scope["headers"]
    if sum(len(name) + len(value) for name, value in headers) > LONGEST_HEADERS:
        return HeadersTooLong()
    for name, value in headers:
        if name == b"content-length" and announced_length(value) > LONGEST_BODY:
            return BodyTooLong()
    return None


def announced_length(value: bytes) -> int:
    """Return the body length that `Content-Length` announces; 0 if it is not a number."""
    return int(value) if value.isdigit() and len(value) < 20 else 0
