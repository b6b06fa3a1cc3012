"""`POST /internal/check-revocations`: have these credentials been revoked?"""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.internal import (
    INTERNAL_SECURITY,
    internal_answers,
    internal_endpoint,
)
from passport_scorer.api.http.endpoint import Answer, Body, Endpoint
from passport_scorer.api.http.problems import invalid_request_answer
from passport_scorer.api.http.requests import json_body, list_of_at_most, members
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.operations.examples import CREDENTIALS, REVOKED_PROOF, proof_value
from passport_scorer.db.queries.bans import find_revoked_proof_values
from passport_scorer.domain.bounded_types import StorableText
from passport_scorer.domain.proof_values import canonical_proof_value, proof_value_spellings
from passport_scorer.domain.submissions import MOST_ENTRIES, check_number
from passport_scorer.services import Services


class CheckedProofs(msgspec.Struct, frozen=True):
    """What is asked about.

    Attributes:
        proof_values: `proof.proofValue` of credentials, at most 100.
    """

    proof_values: Annotated[list[StorableText], msgspec.Meta(max_length=MOST_ENTRIES)]


class _SentProofs(msgspec.Struct, frozen=True):
    proof_values: list_of_at_most(StorableText, MOST_ENTRIES)  # type: ignore[valid-type]


class RevocationCheck(msgspec.Struct, frozen=True):
    """Whether a credential has been revoked.

    Attributes:
        proof_value: the proof value as it was sent.
        is_revoked: whether the credential was revoked, and does not count.
    """

    proof_value: str
    is_revoked: bool


@internal_endpoint
async def check_revocations(request: Request) -> Response:
    """Answer for each proof value whether its credential has been revoked."""
    services: Services = request.app.state.services
    asked = members((await json_body(request, _SentProofs)).proof_values)
    check_number(asked)
    spellings = {text for value in asked for text in proof_value_spellings(value) if text}
    found = await find_revoked_proof_values(services.database, spellings)
    revoked = set(map(canonical_proof_value, found))
    return json_response(
        [RevocationCheck(value, canonical_proof_value(value) in revoked) for value in asked]
    )


_VALID_PROOF = proof_value(CREDENTIALS.google)

CHECK_REVOCATIONS = Endpoint(
    path="/internal/check-revocations",
    method="POST",
    handler=check_revocations,
    summary="Have these credentials been revoked?",
    description=(
        "Takes at most 100 proof values, and answers in their order, repeating them. Letter case, "
        "and the recovery id as 0 and 1 or as 27 and 28, make no difference."
    ),
    tag="Issuing",
    security=INTERNAL_SECURITY,
    is_compressed=True,
    body=Body(CheckedProofs, CheckedProofs([REVOKED_PROOF, _VALID_PROOF])),
    answers=[
        Answer(
            200,
            "An answer for each proof value.",
            list[RevocationCheck],
            [
                RevocationCheck(REVOKED_PROOF, is_revoked=True),
                RevocationCheck(_VALID_PROOF, is_revoked=False),
            ],
        ),
        invalid_request_answer(),
        *internal_answers(),
    ],
)
