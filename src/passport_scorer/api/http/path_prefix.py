"""The service below a path of a site: `https://example.org/scorer/v2/…`. Source: ASGI, root_path.

The prefix comes from a setting, not from `X-Forwarded-Prefix`, which any caller can send. Whether
the proxy removes it from the path or passes it on makes no difference.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class PathPrefix:
    """ASGI middleware: what follows sees paths without the prefix, and the prefix as `root_path`.

    Args:
        app: what answers.
        prefix: `/scorer`; its first segment is none of the service's own.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass."""
        path: str = scope["path"]
        if f"{path}/".startswith(f"{self._prefix}/"):
            path = path.removeprefix(self._prefix) or "/"
        await self._app({**scope, "path": path, "root_path": self._prefix}, receive, send)
