"""Calls of the internal network. Source: specification, auth.md ("The internal network")."""

from __future__ import annotations

import functools
import hmac
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.http.endpoint import Answer
from passport_scorer.api.http.responses import detail_answer, general_answers
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.parameters import read_credentials
from passport_scorer.services import Services

INTERNAL_SECURITY = ("InternalToken",)

Handler = Callable[[Request], Awaitable[Response]]


class Unauthorized(PassportScorerError):
    """Unauthorized"""

    code = "unauthorized"


def internal_endpoint(handler: Handler) -> Handler:
    """Let only callers with the internal token in, where one is configured."""

    @functools.wraps(handler)
    async def endpoint(request: Request) -> Response:
        services: Services = request.app.state.services
        if services.internal_token is not None:
            presented = request.headers.getlist("authorization")
            _check(presented[0] if len(presented) == 1 else "", services.internal_token)
        return await handler(request)

    return endpoint


def internal_answers() -> list[Answer]:
    """Describe what any internal endpoint may answer, for the OpenAPI document."""
    return [detail_answer(401, "The token is wrong.", "Unauthorized"), *general_answers()]


def _check(presented: str, token: str) -> None:
    # Where the token has a scheme, its letter case and the blanks behind it don't matter.
    given = _comparable(presented).encode("latin-1", "replace")
    if not hmac.compare_digest(given, _comparable(token).encode()):
        raise Unauthorized


def _comparable(authorization: str) -> str:
    scheme, credentials = read_credentials(authorization)
    return f"{scheme} {credentials}" if credentials else authorization.strip(" \t")
