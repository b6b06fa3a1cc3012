"""Add a link to the explanation of each error: `Link: </errors#…>; rel="help"`.

Source: RFC 8288; HTML Standard, link type `help`.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from passport_scorer.api.http.error_help import help_target


class HelpLinks:
    """ASGI middleware: adds the link to every error response, whatever produced it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the link if its response is an error."""

        async def send_with_link(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                message = {**message, "headers": [*message["headers"], _link(scope, message)]}
            await send(message)

        await self._app(scope, receive, send_with_link)


def _link(scope: Scope, message: Message) -> tuple[bytes, bytes]:
    code = scope.get("state", {}).get("error")
    target = help_target(scope.get("root_path", ""), message["status"], code)
    return b"link", f'<{target}>; rel="help"'.encode()
