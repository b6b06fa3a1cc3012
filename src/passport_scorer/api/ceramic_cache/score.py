"""`/ceramic-cache/score/{address}`: the score that an owner sees."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.owner import (
    OWNER_SECURITY,
    owner_answers,
    owner_endpoint,
)
from passport_scorer.api.http.endpoint import Answer, Body, Endpoint, Parameter
from passport_scorer.api.http.problems import invalid_request_answer
from passport_scorer.api.http.requests import json_body, parse_integer, scorer_query_parameter
from passport_scorer.api.http.responses import detail_answer, json_response
from passport_scorer.api.middleware.access_log import note_score
from passport_scorer.api.schemas.score import (
    OWNER_EXAMPLE,
    V2ScoreResponse,
    recorded_score_response,
    score_response,
)
from passport_scorer.auth.jwt_access_tokens import InvalidAccessToken
from passport_scorer.domain.addresses import parse_address
from passport_scorer.domain.bounded_types import BIGINT, Bigint, OptionalIntegerText
from passport_scorer.services import Services


class ScoreRequest(msgspec.Struct, frozen=True):
    """What to score.

    Attributes:
        alternate_scorer_id: the scorer to use, an integer or its digits; null, empty or left out:
            the configured one.
    """

    alternate_scorer_id: Bigint | OptionalIntegerText | None = None


@owner_endpoint
async def get_own_score(request: Request, address: str) -> Response:
    """Return the stored score; it is computed first if there is none, or it has expired."""
    services: Services = request.app.state.services
    _check_owner(request, address)
    alternate = scorer_query_parameter(request, "alternate_scorer_id")
    scorer_id = services.configured_scorer_id if alternate is None else alternate
    recorded, points = await services.stamp_store.recorded_score(address, scorer_id)
    if recorded is None:
        return await _computed(request, address, scorer_id)
    note_score(request.scope, scorer_id, passing=recorded.passing)
    shown_points = points if services.shows_points else None
    return json_response(recorded_score_response(address, recorded, shown_points))


@owner_endpoint
async def post_own_score(request: Request, address: str) -> Response:
    """Compute the score anew."""
    services: Services = request.app.state.services
    _check_owner(request, address)
    body: ScoreRequest = await json_body(request, ScoreRequest)
    alternate = body.alternate_scorer_id
    if alternate is None or alternate == "":
        scorer_id = services.configured_scorer_id
    else:
        scorer_id = parse_integer(alternate, ["body", "alternate_scorer_id"])
    return await _computed(request, address, scorer_id)


async def _computed(request: Request, address: str, scorer_id: int) -> Response:
    services: Services = request.app.state.services
    outcome = await services.road.score(address, scorer_id)
    note_score(request.scope, scorer_id, passing=outcome.score.passing)
    return json_response(score_response(outcome, with_points=services.shows_points))


def _check_owner(request: Request, address: str) -> None:
    if parse_address(request.path_params["address"]) != address:
        raise InvalidAccessToken


_TAG = "Stamp store"
_PATH = "/ceramic-cache/score/{address}"
_ADDRESS = Parameter(
    "address", "The address of the access token.", {"type": "string"}, OWNER_EXAMPLE.address
)
_ANSWERS = (
    Answer(200, "The score.", V2ScoreResponse, OWNER_EXAMPLE),
    detail_answer(400, "The address is not a valid Ethereum address.", "Invalid address."),
    detail_answer(404, "There is no such scorer.", "No scorer matches the given criteria."),
    invalid_request_answer(),
    *owner_answers(),
)

OWN_SCORE = (
    Endpoint(
        path=_PATH,
        handler=get_own_score,
        summary="The score of one's own address",
        description="The stored score; computed first if there is none, or it has expired.",
        tag=_TAG,
        security=OWNER_SECURITY,
        parameters=[_ADDRESS],
        query=[
            Parameter(
                "alternate_scorer_id",
                "The scorer to use instead of the configured one; empty: the configured one.",
                BIGINT.schema(),
                1,
                required=False,
            )
        ],
        answers=_ANSWERS,
    ),
    Endpoint(
        path=_PATH,
        method="POST",
        handler=post_own_score,
        summary="Compute the score of one's own address anew",
        description="The result is recorded.",
        tag=_TAG,
        security=OWNER_SECURITY,
        parameters=[_ADDRESS],
        body=Body(ScoreRequest, ScoreRequest(None)),
        answers=_ANSWERS,
    ),
)
