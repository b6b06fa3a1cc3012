"""`/ceramic-cache/score/{address}`: the score that an owner sees."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.owner import OWNER, OwnerCall
from passport_scorer.api.http.endpoint import Body, Endpoint, Parameter, ResponseDoc
from passport_scorer.api.http.errors import SCORING_ERRORS, ErrorClasses
from passport_scorer.api.http.requests import json_body, parse_integer, scorer_query_parameter
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.middleware.access_log import note_score
from passport_scorer.api.schemas.score import (
    OWNER_EXAMPLE,
    V2ScoreResponse,
    recorded_score_response,
    score_response,
)
from passport_scorer.auth.jwt_access_tokens import InvalidAccessToken
from passport_scorer.domain.addresses import InvalidAddress, parse_address
from passport_scorer.domain.bounded_types import BIGINT, Bigint, OptionalIntegerText
from passport_scorer.domain.community import ScorerNotFound


class ScoreRequest(msgspec.Struct, frozen=True):
    """The scorer to use.

    Attributes:
        alternate_scorer_id: the scorer to use, an integer or its decimal digits; null, empty or
            omitted: the configured one.
    """

    alternate_scorer_id: Bigint | OptionalIntegerText | None = None


async def get_own_score(call: OwnerCall) -> Response:
    """Return the stored score; compute it first if it is missing or has expired."""
    _check_owner(call)
    services = call.services
    alternate = scorer_query_parameter(call.request, "alternate_scorer_id")
    scorer_id = services.configured_scorer_id if alternate is None else alternate
    recorded, points = await services.stamp_store.recorded_score(call.address, scorer_id)
    if recorded is None:
        return await _computed(call, scorer_id)
    note_score(call.request.scope, scorer_id, passing=recorded.passing)
    shown_points = points if services.shows_points else None
    return json_response(recorded_score_response(call.address, recorded, shown_points))


async def post_own_score(call: OwnerCall) -> Response:
    """Recompute the score."""
    _check_owner(call)
    body: ScoreRequest = await json_body(call.request, ScoreRequest)
    alternate = body.alternate_scorer_id
    if alternate is None or alternate == "":
        scorer_id = call.services.configured_scorer_id
    else:
        scorer_id = parse_integer(alternate, ["body", "alternate_scorer_id"])
    return await _computed(call, scorer_id)


async def _computed(call: OwnerCall, scorer_id: int) -> Response:
    saved = await call.services.scoring.score(call.address, scorer_id)
    note_score(call.request.scope, scorer_id, passing=saved.score.passing)
    return json_response(score_response(saved, with_points=call.services.shows_points))


def _check_owner(call: OwnerCall) -> None:
    if parse_address(call.path["address"]) != call.address:
        raise InvalidAccessToken


_TAG = "Stamp store"
_PATH = "/ceramic-cache/score/{address}"
_ADDRESS = Parameter(
    "address", "The address of the access token.", {"type": "string"}, OWNER_EXAMPLE.address
)
_SCORE = ResponseDoc(200, "The score.", V2ScoreResponse, OWNER_EXAMPLE)
_ERRORS: ErrorClasses = (InvalidAddress, ScorerNotFound, *SCORING_ERRORS)

GET_OWN_SCORE = Endpoint(
    path=_PATH,
    guard=OWNER,
    handler=get_own_score,
    summary="Get the score of your own address",
    description="Returns the stored score; computes it first if it is missing or has expired.",
    tag=_TAG,
    parameters=[_ADDRESS],
    query=[
        Parameter(
            "alternate_scorer_id",
            "The scorer to use instead of the configured one; empty means the configured one.",
            BIGINT.schema(),
            1,
            required=False,
        )
    ],
    success=_SCORE,
    errors=_ERRORS,
)
POST_OWN_SCORE = Endpoint(
    path=_PATH,
    method="POST",
    guard=OWNER,
    handler=post_own_score,
    summary="Recompute the score of your own address",
    description="Computes the score now, records it, and returns it.",
    tag=_TAG,
    parameters=[_ADDRESS],
    body=Body(ScoreRequest, ScoreRequest(None)),
    success=_SCORE,
    errors=_ERRORS,
)
