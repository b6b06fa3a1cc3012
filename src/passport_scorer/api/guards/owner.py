"""The guard of endpoints for the owner of an address, who presents an access token.

Source: docs/rules/authentication.md, "Access tokens"; RFC 6750, section 2.1.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.base import Call, Guard, Handler
from passport_scorer.api.http.errors import DATABASE_ERRORS
from passport_scorer.auth.jwt_access_tokens import InvalidAccessToken
from passport_scorer.domain.parameters import read_credentials


class OwnerCall(Call):
    """A request of an address's owner.

    Attributes:
        address: the address of the access token, in lower case.
    """

    def __init__(self, request: Request) -> None:
        """Check the access token.

        Raises:
            InvalidAccessToken: it is missing, malformed or expired.
        """
        super().__init__(request)
        self.address = self.services.access_tokens.address_of(bearer_token(request))
        request.state.caller = self.address


class OwnerGuard(Guard[OwnerCall]):
    """Lets callers in who present an access token."""

    security = ("AccessToken",)
    errors = (InvalidAccessToken, *DATABASE_ERRORS)

    async def respond(self, request: Request, handler: Handler[OwnerCall]) -> Response:
        """Check the access token, and have the handler respond."""
        return await handler(OwnerCall(request))


OWNER = OwnerGuard()


def bearer_token(request: Request) -> str:
    """Return the token in `Authorization: Bearer …`; the scheme in any letter case.

    Raises:
        InvalidAccessToken: the header is missing or occurs twice, so that the caller is ambiguous.
    """
    presented = request.headers.getlist("authorization")
    scheme, token = read_credentials(presented[0] if len(presented) == 1 else "")
    if scheme != "bearer" or not token:
        raise InvalidAccessToken
    return token
