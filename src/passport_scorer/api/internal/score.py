"""`GET /internal/score/v2/{scorer_id}/{address}`: a score in any community."""

from __future__ import annotations

from starlette.responses import Response

from passport_scorer.api.guards.base import Handler
from passport_scorer.api.guards.internal import INTERNAL, InternalCall
from passport_scorer.api.http.endpoint import Endpoint, ResponseDoc
from passport_scorer.api.http.errors import SCORING_ERRORS, InvalidRequest
from passport_scorer.api.http.requests import integer_path_parameter
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.middleware.access_log import note_score
from passport_scorer.api.schemas.parameters import ADDRESS, SCORER_ID
from passport_scorer.api.schemas.score import EXAMPLE, V2ScoreResponse, score_response
from passport_scorer.domain.addresses import InvalidAddress, parse_address
from passport_scorer.domain.community import ScorerNotFound


async def get_internal_score(call: InternalCall) -> Response:
    """Score an address in any community, and record the result."""
    return await _scored(call)


async def get_internal_score_without_version(call: InternalCall) -> Response:
    """Do the same, for callers that name no version."""
    return await _scored(call)


async def _scored(call: InternalCall) -> Response:
    address = parse_address(call.path["address"])
    scorer_id = integer_path_parameter(call.request, "scorer_id")
    saved = await call.services.scoring.score(address, scorer_id)
    note_score(call.request.scope, scorer_id, passing=saved.score.passing)
    return json_response(score_response(saved, with_points=False))


def _endpoint(path: str, handler: Handler[InternalCall]) -> Endpoint[InternalCall]:
    return Endpoint(
        path=path,
        guard=INTERNAL,
        handler=handler,
        summary="Score an address in any community",
        description=(
            "Computes the score as the public endpoint does, and records it. This can award Human "
            "Points, but the response never contains them."
        ),
        tag="Scores",
        parameters=[SCORER_ID, ADDRESS],
        success=ResponseDoc(200, "The score.", V2ScoreResponse, EXAMPLE),
        errors=(InvalidAddress, ScorerNotFound, InvalidRequest, *SCORING_ERRORS),
    )


INTERNAL_SCORE_V2 = _endpoint("/internal/score/v2/{scorer_id}/{address}", get_internal_score)
INTERNAL_SCORE = _endpoint(
    "/internal/score/{scorer_id}/{address}", get_internal_score_without_version
)
