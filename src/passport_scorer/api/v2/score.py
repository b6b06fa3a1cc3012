"""`GET /v2/stamps/{scorer_id}/score/{address}`: the score of an address, freshly computed."""

from __future__ import annotations

from collections.abc import Awaitable
from operator import attrgetter

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.partner import (
    PARTNER_SECURITY,
    PERMISSION_DENIED_ANSWER,
    PartnerCall,
    partner_answers,
    partner_endpoint,
)
from passport_scorer.api.http.endpoint import Answer, Endpoint, Parameter
from passport_scorer.api.http.responses import detail_answer, json_response
from passport_scorer.api.middleware.access_log import note_community, note_score
from passport_scorer.api.schemas.score import EXAMPLE, V2ScoreResponse, score_response
from passport_scorer.api.schemas.scorer_id import parse_scorer_id
from passport_scorer.db.queries.scores import ScoringRequest
from passport_scorer.domain.addresses import is_address, parse_address
from passport_scorer.domain.api_key import PermissionDenied
from passport_scorer.scoring.rows import Loaded


@partner_endpoint(response_recorded=True)
async def get_score(call: PartnerCall) -> Response:
    """Score an address in a community of the caller's account, and record the result."""
    road, written = call.services.road, call.request.path_params["address"]
    scorer = parse_scorer_id(call.request.path_params["scorer_id"], call.services.demo_scorer_id)
    request = ScoringRequest(
        address=written.lower() if is_address(written) else None,
        key_prefix=call.presented.prefix,
        external_scorer_id=scorer.external_scorer_id,
        scorer_id=scorer.scorer_id,
    )

    def load(key_hash: str) -> Awaitable[Loaded]:
        return road.read(msgspec.structs.replace(request, key_hash=key_hash))

    key, loaded = await call.authorized(load, attrgetter("key"))
    note_community(call.request.scope, loaded.row.community_id)
    if not key.read_scores:
        raise PermissionDenied
    parse_address(written)
    outcome = await road.settle(await road.snapshot(loaded))
    note_score(call.request.scope, loaded.community_id, passing=outcome.score.passing)
    return json_response(score_response(outcome, with_points=call.services.shows_points))


SCORE = Endpoint(
    path="/v2/stamps/{scorer_id}/score/{address}",
    handler=get_score,
    summary="Score an address",
    description=(
        "Verifies the stamps of the address, leaves out those that another address has claimed "
        "in this community, adds up the weights of the rest, records the result, and returns it."
        "\n\nAn address without stamps scores `0.00000`; that is no error."
    ),
    tag="Scores",
    security=PARTNER_SECURITY,
    parameters=[
        Parameter(
            "scorer_id",
            "The id of one of your scorers, or its external id. A negative number names the demo "
            "scorer.",
            {"type": "string"},
            "1",
        ),
        Parameter(
            "address",
            "An Ethereum address, in any letter case.",
            {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"},
            EXAMPLE.address,
        ),
    ],
    answers=partner_answers(
        Answer(200, "The score.", V2ScoreResponse, EXAMPLE),
        detail_answer(400, "The address is not a valid Ethereum address.", "Invalid address."),
        PERMISSION_DENIED_ANSWER,
        detail_answer(
            404, "Your account has no such scorer.", "No scorer matches the given criteria."
        ),
    ),
)
