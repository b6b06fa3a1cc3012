"""While traffic migrates from another deployment, serve only requests with the routing header.

Source: docs/rules/deployment.md, "Routing between two deployments".
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from passport_scorer.api.http.errors import NotFound
from passport_scorer.api.http.responses import error_response

_GATED = ("/ceramic-cache/", "/internal/embed/")


class RoutingHeader:
    """ASGI middleware: gated paths are 404 unless the header says `true`.

    Args:
        app: the next application.
        header: the name of the header.
    """

    def __init__(self, app: ASGIApp, header: str) -> None:
        self._app = app
        self._header = header.lower().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond, or pass the request on."""
        gated = scope["type"] == "http" and scope["path"].startswith(_GATED)
        if gated and (self._header, b"true") not in scope["headers"]:
            await error_response(NotFound())(scope, receive, send)
        else:
            await self._app(scope, receive, send)
