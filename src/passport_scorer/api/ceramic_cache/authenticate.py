"""`POST /ceramic-cache/authenticate/v2`: the sign-in of an address's owner."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.http.endpoint import Answer, Body, Endpoint
from passport_scorer.api.http.problems import invalid_request_answer
from passport_scorer.api.http.requests import json_body
from passport_scorer.api.http.responses import detail_answer, general_answers, json_response
from passport_scorer.api.operations.examples import NONCE, OWNER_CHECKSUMMED, SIGNATURE
from passport_scorer.ethereum.eip1271 import LONGEST_SIGNATURE
from passport_scorer.ethereum.eip4361 import SiweMessage
from passport_scorer.services import Services

# What contract wallets may sign with is longer than any signature of a key.
SignatureText = Annotated[str, msgspec.Meta(max_length=2 + 2 * LONGEST_SIGNATURE)]

_EXAMPLE_TOKEN = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJkaWQiOiJkaWQ6cGto….ZGQzMDg0…"  # noqa: S105


class SignInPayload(msgspec.Struct, frozen=True):
    """A signed message.

    Attributes:
        message: the fields of the message.
        signature: the signature over the text of the message: `0x` and hexadecimal digits. `0x`
            alone asks a contract wallet for one that was made on chain.
    """

    message: SiweMessage
    signature: SignatureText


class AccessTokenResponse(msgspec.Struct, frozen=True):
    """The answer to a sign-in.

    Attributes:
        access: the access token, valid for 7 days.
        intercom_user_hash: reserved; null.
    """

    access: str
    intercom_user_hash: None = None


async def sign_in(request: Request) -> Response:
    """Give the owner of an address an access token for a signed message."""
    services: Services = request.app.state.services
    payload = await json_body(request, SignInPayload)
    token = await services.sign_in.access_token(payload.message, payload.signature)
    return json_response(AccessTokenResponse(token))


_EXAMPLE = SignInPayload(
    SiweMessage(
        domain="app.example.org",
        address=OWNER_CHECKSUMMED,
        statement="Sign in to Passport",
        uri="https://app.example.org",
        version="1",
        chain_id=1,
        nonce=NONCE,
        issued_at="2026-11-24T03:30:00.000Z",
    ),
    SIGNATURE,
)

AUTHENTICATE = Endpoint(
    path="/ceramic-cache/authenticate/v2",
    method="POST",
    handler=sign_in,
    summary="Sign in with Ethereum",
    description=(
        "Send the fields of a message of EIP-4361, with a nonce from `GET /account/nonce`, and the "
        "signature over its text (EIP-191). Signatures of contract wallets (EIP-1271, EIP-6492; "
        "`0x` for one that was made on chain) count where the service knows an Ethereum node for "
        "the message's chain.\n\nThe checks are made in this order: address and nonce; every field "
        "against the grammar of EIP-4361, domain and times; the nonce, which is used up by that; "
        "the signature.\n\nThe example is signed for the demo, and works once after each start of "
        "it. For your own, have a wallet sign the text of the message."
    ),
    tag="Sign-in",
    body=Body(SignInPayload, _EXAMPLE),
    answers=[
        Answer(200, "Signed in.", AccessTokenResponse, AccessTokenResponse(_EXAMPLE_TOKEN)),
        detail_answer(
            400,
            "Something is wrong with the message, its nonce or the signature: "
            "`Missing address or nonce!`, `Invalid address format!`, `Verification failed!`, "
            "`Invalid nonce!`, `Invalid signature!`.",
            "Invalid nonce!",
        ),
        invalid_request_answer(),
        *general_answers(),
    ],
)
