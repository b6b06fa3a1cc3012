"""The guard of endpoints that anyone who reaches the listener may call."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.base import LONGEST_ANONYMOUS_BODY, Call, Guard, Handler


class OpenCall(Call):
    """A request that needs no credential."""


class OpenGuard(Guard[OpenCall]):
    """Lets every caller in; only short bodies are read."""

    longest_body = LONGEST_ANONYMOUS_BODY

    async def respond(self, request: Request, handler: Handler[OpenCall]) -> Response:
        """Have the handler respond."""
        return await handler(OpenCall(request))


OPEN = OpenGuard()
