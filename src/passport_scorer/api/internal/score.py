"""`GET /internal/score/v2/{scorer_id}/{address}`: a score in any community."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.internal import (
    INTERNAL_SECURITY,
    internal_answers,
    internal_endpoint,
)
from passport_scorer.api.http.endpoint import Answer, Endpoint
from passport_scorer.api.http.problems import invalid_request_answer
from passport_scorer.api.http.requests import integer_path_parameter
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.middleware.access_log import note_score
from passport_scorer.api.schemas.parameters import (
    ADDRESS,
    SCORER_ID,
    invalid_address_answer,
    unknown_scorer_answer,
)
from passport_scorer.api.schemas.score import EXAMPLE, V2ScoreResponse, score_response
from passport_scorer.domain.addresses import parse_address
from passport_scorer.services import Services


@internal_endpoint
async def get_internal_score(request: Request) -> Response:
    """Score an address in any community, and record the result."""
    return await _scored(request)


@internal_endpoint
async def get_internal_score_without_version(request: Request) -> Response:
    """Do the same, for callers that name no version."""
    return await _scored(request)


async def _scored(request: Request) -> Response:
    services: Services = request.app.state.services
    address = parse_address(request.path_params["address"])
    scorer_id = integer_path_parameter(request, "scorer_id")
    outcome = await services.road.score(address, scorer_id)
    note_score(request.scope, scorer_id, passing=outcome.score.passing)
    return json_response(score_response(outcome, with_points=False))


def _endpoint(path: str, handler: Callable[[Request], Awaitable[Response]]) -> Endpoint:
    return Endpoint(
        path=path,
        handler=handler,
        summary="Score an address in any community",
        description=(
            "Computes the score as the public endpoint does, and records it. Human Points may be "
            "given, but are never part of this answer."
        ),
        tag="Scores",
        security=INTERNAL_SECURITY,
        parameters=[SCORER_ID, ADDRESS],
        answers=[
            Answer(200, "The score.", V2ScoreResponse, EXAMPLE),
            invalid_address_answer(),
            unknown_scorer_answer(),
            invalid_request_answer(),
            *internal_answers(),
        ],
    )


INTERNAL_SCORE = (
    _endpoint("/internal/score/v2/{scorer_id}/{address}", get_internal_score),
    _endpoint("/internal/score/{scorer_id}/{address}", get_internal_score_without_version),
)
