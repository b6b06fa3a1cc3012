"""The guard of endpoints for the internal network.

Source: docs/rules/authentication.md, "The internal network".
"""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.base import Call, Guard, Handler
from passport_scorer.api.http.errors import DATABASE_ERRORS, Unauthorized
from passport_scorer.domain.parameters import read_credentials


class InternalCall(Call):
    """A request of a service in the internal network."""


class InternalGuard(Guard[InternalCall]):
    """Lets callers in who present the internal token, where one is configured."""

    security = ("InternalToken",)
    errors = (Unauthorized, *DATABASE_ERRORS)

    async def respond(self, request: Request, handler: Handler[InternalCall]) -> Response:
        """Check the internal token, and have the handler respond.

        Raises:
            Unauthorized: the token is missing or wrong, or there are two.
        """
        call = InternalCall(request)
        token = call.services.internal_token
        if token is not None:
            presented = request.headers.getlist("authorization")
            _check(presented[0] if len(presented) == 1 else "", token)
        return await handler(call)


INTERNAL = InternalGuard()


def _check(presented: str, token: str) -> None:
    # If the token has a scheme, its letter case and the spaces after it do not matter.
    given = _comparable(presented).encode("latin-1", "replace")
    if not hmac.compare_digest(given, _comparable(token).encode()):
        raise Unauthorized


def _comparable(authorization: str) -> str:
    scheme, credentials = read_credentials(authorization)
    return f"{scheme} {credentials}" if credentials else authorization.strip(" \t")
