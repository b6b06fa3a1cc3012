"""Serve below a path of a site, `https://example.org/scorer/v2/…`. Source: ASGI, root_path.

The prefix comes from a setting, not from `X-Forwarded-Prefix`, which any caller can send. Whether
the proxy removes it from the path or passes it on makes no difference.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class PathPrefix:
    """ASGI middleware: moves the prefix of the path to `root_path`.

    Args:
        app: the next application.
        prefix: such as `/scorer`; must not start with a segment that the service itself uses.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        path: str = scope["path"]
        if f"{path}/".startswith(f"{self._prefix}/"):
            path = path.removeprefix(self._prefix) or "/"
        await self._app({**scope, "path": path, "root_path": self._prefix}, receive, send)
