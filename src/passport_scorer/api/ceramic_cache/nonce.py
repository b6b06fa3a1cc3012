"""`GET /account/nonce`: a nonce for the sign-in."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.http.client_address import peer_of
from passport_scorer.api.http.endpoint import Answer, Endpoint
from passport_scorer.api.http.responses import general_answers, json_response, limited_answer
from passport_scorer.api.operations.examples import NONCE as NONCE_EXAMPLE
from passport_scorer.services import Services


class NonceResponse(msgspec.Struct, frozen=True):
    """A nonce.

    Attributes:
        nonce: 60 hexadecimal digits; goes into the message that the owner signs.
    """

    nonce: str


async def get_nonce(request: Request) -> Response:
    """Give out a nonce that can be used once in the next 5 minutes."""
    services: Services = request.app.state.services
    services.anonymous_writes.count(peer_of(request))
    nonce = NonceResponse(await services.nonces.create())
    return json_response(nonce)


NONCE = Endpoint(
    path="/account/nonce",
    handler=get_nonce,
    summary="Get a nonce",
    description=(
        "A nonce for a message of Sign-In with Ethereum. It can be used for one sign-in, in the "
        "next 5 minutes."
    ),
    tag="Sign-in",
    answers=[
        Answer(
            200,
            "A new nonce.",
            NonceResponse,
            NonceResponse(NONCE_EXAMPLE),
        ),
        limited_answer("This network address asked for too many nonces."),
        *general_answers(),
    ],
)
