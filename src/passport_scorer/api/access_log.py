"""One line of log for each request: who asked what, what came of it, how long it took."""

from __future__ import annotations

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()


class AccessLog:
    """ASGI middleware. Neither the secret of a key nor a query string is logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, and log how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self._app(scope, receive, note_status)
        finally:
            _log(scope, status, time.perf_counter() - started)


def _log(scope: Scope, status: int, seconds: float) -> None:
    parameters, state = scope.get("path_params", {}), scope.get("state", {})
    fields = {
        "method": scope["method"],
        "route": getattr(scope.get("route"), "path", None),
        "status": status or 500,
        "duration_ms": round(seconds * 1000, 2),
        "address": parameters.get("address", "")[:42] or state.get("caller"),
        "api_key_prefix": state.get("api_key_prefix"),
    }
    log.info("request", **{name: value for name, value in fields.items() if value is not None})
