"""`GET /account/nonce`: a nonce for the sign-in."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.open import OPEN, OpenCall
from passport_scorer.api.http.endpoint import Endpoint, ResponseDoc
from passport_scorer.api.http.errors import DATABASE_ERRORS
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.operations.examples import NONCE as NONCE_EXAMPLE
from passport_scorer.auth.rate_limits import RateLimited


class NonceResponse(msgspec.Struct, frozen=True):
    """A nonce.

    Attributes:
        nonce: 60 hexadecimal digits, to be put in the message that the owner signs.
    """

    nonce: str


async def get_nonce(call: OpenCall) -> Response:
    """Issue a nonce that can be used once within 5 minutes."""
    call.services.anonymous_writes.count(call.peer)
    return json_response(NonceResponse(await call.services.nonces.create()))


NONCE = Endpoint(
    path="/account/nonce",
    guard=OPEN,
    handler=get_nonce,
    summary="Get a nonce",
    description=(
        "Returns a nonce for a Sign-In with Ethereum message. It works for one sign-in and "
        "expires after 5 minutes."
    ),
    tag="Sign-in",
    success=ResponseDoc(200, "A new nonce.", NonceResponse, NonceResponse(NONCE_EXAMPLE)),
    errors=(RateLimited, *DATABASE_ERRORS),
)
