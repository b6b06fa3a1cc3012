"""A call of an address's owner, who presents an access token.

Source: specification, auth.md ("Access tokens"); RFC 6750, section 2.1.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.http.endpoint import Answer
from passport_scorer.api.http.responses import detail_answer, general_answers
from passport_scorer.auth.jwt_access_tokens import InvalidAccessToken
from passport_scorer.domain.parameters import read_credentials
from passport_scorer.services import Services

OWNER_SECURITY = ("AccessToken",)

Handler = Callable[[Request, str], Awaitable[Response]]


def owner_endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of a handler that gets the request and its caller's address.

    The address comes from the access token, in lower case; without a valid token the handler
    isn't called.
    """

    async def endpoint(request: Request) -> Response:
        services: Services = request.app.state.services
        address = services.access_tokens.address_of(bearer_token(request))
        request.state.caller = address
        return await handler(request, address)

    endpoint.__name__, endpoint.__doc__ = handler.__name__, handler.__doc__
    return endpoint


def bearer_token(request: Request) -> str:
    """Return what the header `Authorization: Bearer …` presents; the scheme in any letter case.

    Raises:
        InvalidAccessToken: there is no such header, or more than one: it isn't clear who calls.
    """
    presented = request.headers.getlist("authorization")
    scheme, token = read_credentials(presented[0] if len(presented) == 1 else "")
    if scheme != "bearer" or not token:
        raise InvalidAccessToken
    return token


def owner_answers() -> list[Answer]:
    """Describe what any endpoint for owners may answer, for the OpenAPI document."""
    return [
        detail_answer(401, "The access token is missing, wrong or expired.", "Unauthorized"),
        *general_answers(),
    ]
