"""`POST /internal/check-revocations`: which of these credentials have been revoked?"""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.internal import INTERNAL, InternalCall
from passport_scorer.api.http.endpoint import Body, Endpoint, ResponseDoc
from passport_scorer.api.http.requests import json_body, list_of_at_most, members
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.operations.examples import CREDENTIALS, REVOKED_PROOF, proof_value
from passport_scorer.db.queries.bans import find_revoked_proof_values
from passport_scorer.domain.bounded_types import StorableText
from passport_scorer.domain.proof_values import canonical_proof_value, proof_value_spellings
from passport_scorer.domain.submissions import MOST_ENTRIES, TooManyStamps, check_number


class CheckedProofs(msgspec.Struct, frozen=True):
    """The credentials to check.

    Attributes:
        proof_values: the `proof.proofValue` of each credential; maximum 100.
    """

    proof_values: Annotated[list[StorableText], msgspec.Meta(max_length=MOST_ENTRIES)]


class _SentProofs(msgspec.Struct, frozen=True):
    proof_values: list_of_at_most(StorableText, MOST_ENTRIES)  # type: ignore[valid-type]


class RevocationCheck(msgspec.Struct, frozen=True):
    """The revocation status of a credential.

    Attributes:
        proof_value: the proof value as it was sent.
        is_revoked: whether the credential was revoked and therefore does not count.
    """

    proof_value: str
    is_revoked: bool


async def check_revocations(call: InternalCall) -> Response:
    """Return for each proof value whether its credential has been revoked."""
    asked = members((await json_body(call.request, _SentProofs)).proof_values)
    check_number(asked)
    spellings = {text for value in asked for text in proof_value_spellings(value) if text}
    found = await find_revoked_proof_values(call.services.database, spellings)
    revoked = set(map(canonical_proof_value, found))
    return json_response(
        [RevocationCheck(value, canonical_proof_value(value) in revoked) for value in asked]
    )


_VALID_PROOF = proof_value(CREDENTIALS.google)

CHECK_REVOCATIONS = Endpoint(
    path="/internal/check-revocations",
    method="POST",
    guard=INTERNAL,
    handler=check_revocations,
    summary="Check credentials for revocations",
    description=(
        "Takes up to 100 proof values and returns a result for each, in request order. Letter case "
        "does not matter, nor whether the recovery ID is written as 0 and 1 or as 27 and 28."
    ),
    tag="Issuing",
    is_compressed=True,
    body=Body(CheckedProofs, CheckedProofs([REVOKED_PROOF, _VALID_PROOF])),
    success=ResponseDoc(
        200,
        "A result for each proof value.",
        list[RevocationCheck],
        [
            RevocationCheck(REVOKED_PROOF, is_revoked=True),
            RevocationCheck(_VALID_PROOF, is_revoked=False),
        ],
    ),
    errors=(TooManyStamps,),
)
