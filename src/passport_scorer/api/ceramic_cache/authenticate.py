"""`POST /ceramic-cache/authenticate/v2`: the sign-in of an address's owner."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.open import OPEN, OpenCall
from passport_scorer.api.http.endpoint import Body, Endpoint, ResponseDoc
from passport_scorer.api.http.errors import DATABASE_ERRORS
from passport_scorer.api.http.requests import json_body
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.operations.examples import NONCE, OWNER_CHECKSUMMED, SIGNATURE
from passport_scorer.ethereum.eip1271 import LONGEST_SIGNATURE
from passport_scorer.ethereum.eip4361 import SignInRefused, SiweMessage

# Signatures of contract wallets can be longer than any signature made with a key.
SignatureText = Annotated[str, msgspec.Meta(max_length=2 + 2 * LONGEST_SIGNATURE)]

_EXAMPLE_TOKEN = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJkaWQiOiJkaWQ6cGto….ZGQzMDg0…"  # noqa: S105


class SignInPayload(msgspec.Struct, frozen=True):
    """A signed message.

    Attributes:
        message: the fields of the message.
        signature: the signature of the message text: `0x` and hexadecimal digits. `0x` alone
            refers to a contract wallet's on-chain signature.
    """

    message: SiweMessage
    signature: SignatureText


class AccessTokenResponse(msgspec.Struct, frozen=True):
    """The response to a sign-in.

    Attributes:
        access: the access token, valid for 7 days.
        intercom_user_hash: reserved; null.
    """

    access: str
    intercom_user_hash: None = None


async def sign_in(call: OpenCall) -> Response:
    """Issue an access token to the owner of an address for a signed message."""
    payload = await json_body(call.request, SignInPayload)
    token = await call.services.sign_in.access_token(payload.message, payload.signature)
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
    guard=OPEN,
    handler=sign_in,
    summary="Sign in with Ethereum",
    description=(
        "Send the fields of an EIP-4361 message, with a nonce from `GET /account/nonce`, and the "
        "signature of its text (EIP-191). Signatures of contract wallets (EIP-1271, EIP-6492; `0x` "
        "for an on-chain signature) are accepted if the service is connected to an Ethereum node "
        "of the message's chain.\n\nThe checks run in this order: address and nonce are present; "
        "every field follows the grammar of EIP-4361, and domain and times are acceptable; the "
        "nonce is valid, which uses it up; the signature is valid.\n\nThe example is signed for "
        "the demo and works once each time the demo starts. To sign in with your own address, have "
        "a wallet sign the text of the message."
    ),
    tag="Sign-in",
    body=Body(SignInPayload, _EXAMPLE),
    success=ResponseDoc(
        200, "Signed in.", AccessTokenResponse, AccessTokenResponse(_EXAMPLE_TOKEN)
    ),
    errors=(SignInRefused, *DATABASE_ERRORS),
)
