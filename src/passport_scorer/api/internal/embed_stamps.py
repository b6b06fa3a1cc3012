"""`/internal/embed/stamps/…` and `/internal/embed/score/…`: what the embedded widget needs."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.internal import (
    INTERNAL_SECURITY,
    internal_answers,
    internal_endpoint,
)
from passport_scorer.api.http.endpoint import Answer, Body, Endpoint, Parameter
from passport_scorer.api.http.problems import invalid_request_answer
from passport_scorer.api.http.requests import json_body, list_of_at_most, members, parse_integer
from passport_scorer.api.http.responses import detail_answer, general_answers, json_response
from passport_scorer.api.middleware.access_log import note_score
from passport_scorer.api.operations.examples import CREDENTIALS, SCORER_ID
from passport_scorer.api.schemas.score import OWNER_EXAMPLE, score_response
from passport_scorer.api.schemas.stamps import (
    StampsAndScoreResponse,
    example_stamps,
    read_stamp,
    shown,
)
from passport_scorer.domain.addresses import parse_address
from passport_scorer.domain.bounded_types import BIGINT, Bigint, IntegerText
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.submissions import MOST_ENTRIES, Entry, UnusableEntry, check_number
from passport_scorer.scoring.stamp_store import Source, SourceApp
from passport_scorer.services import Services


class InvalidScorerId(PassportScorerError):
    """Invalid scorer_id"""

    code = "invalid_scorer_id"


class EmbedStamps(msgspec.Struct, frozen=True):
    """Stamps to store, and the scorer to use.

    Attributes:
        scorer_id: an integer, or the same as a decimal string.
        stamps: the credentials, exactly as they were issued; at most 100.
    """

    scorer_id: Bigint | IntegerText
    stamps: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=MOST_ENTRIES)]


class _SentEmbedStamps(msgspec.Struct, frozen=True):
    scorer_id: Bigint | IntegerText
    stamps: list_of_at_most(msgspec.Raw, MOST_ENTRIES)  # type: ignore[valid-type]


@internal_endpoint
async def post_embed_stamps(request: Request) -> Response:
    """Store stamps, and score."""
    services: Services = request.app.state.services
    address = parse_address(request.path_params["address"])
    body: _SentEmbedStamps = await json_body(request, _SentEmbedStamps)
    sent = members(body.stamps)
    check_number(sent)
    scorer_id = parse_integer(body.scorer_id, ["body", "scorer_id"])
    source = Source(SourceApp.EMBED, scorer_id)
    stamps, outcome = await services.stamp_store.store(address, _entries(sent), scorer_id, source)
    note_score(request.scope, scorer_id, passing=outcome.score.passing)
    score = score_response(outcome, with_points=False)
    return json_response(StampsAndScoreResponse(success=True, stamps=shown(stamps), score=score))


async def get_embed_score(request: Request) -> Response:
    """Score an address, and list its stamps."""
    services: Services = request.app.state.services
    address = parse_address(request.path_params["address"])
    scorer_id = parse_integer(request.path_params["scorer_id"], ["path", "scorer_id"])
    if scorer_id < 0:
        scorer_id = services.demo_scorer_id or scorer_id
    try:
        outcome = await services.road.score(address, scorer_id)
    except ScorerNotFound as error:
        raise InvalidScorerId from error
    note_score(request.scope, scorer_id, passing=outcome.score.passing)
    stamps = shown(await services.stamp_store.live_stamps(address))
    score = score_response(outcome, with_points=False)
    return json_response(StampsAndScoreResponse(success=True, stamps=stamps, score=score))


def _entries(sent: list[msgspec.Raw]) -> list[Entry]:
    entries = []
    for place, document in enumerate(sent, 1):
        stamp = read_stamp(place, document, ["body", "stamps", place - 1])
        if not stamp.provider:
            raise UnusableEntry(f"Entry {place}: the stamp has no provider.")
        entries.append(Entry(stamp.provider, stamp))
    return entries


_ANSWER = StampsAndScoreResponse(
    success=True,
    stamps=list(example_stamps()),
    score=OWNER_EXAMPLE,
)
_TAG = "Embedding"
_ADDRESS = Parameter("address", "An Ethereum address.", {"type": "string"}, OWNER_EXAMPLE.address)

EMBED_STAMPS = (
    Endpoint(
        path="/internal/embed/stamps/{address}",
        method="POST",
        handler=post_embed_stamps,
        summary="Store stamps, and score",
        description="All stamps are stored, or none. At most 100 stamps, each of another provider.",
        tag=_TAG,
        security=INTERNAL_SECURITY,
        is_compressed=True,
        parameters=[_ADDRESS],
        body=Body(
            EmbedStamps, {"scorer_id": SCORER_ID, "stamps": [CREDENTIALS.google, CREDENTIALS.ens]}
        ),
        answers=[
            Answer(200, "Stored.", StampsAndScoreResponse, _ANSWER),
            detail_answer(400, "A stamp can't be stored.", "Entry 1: the stamp has no provider."),
            detail_answer(404, "There is no such scorer.", "No scorer matches the given criteria."),
            invalid_request_answer(),
            *internal_answers(),
        ],
    ),
    Endpoint(
        path="/internal/embed/score/{scorer_id}/{address}",
        handler=get_embed_score,
        summary="Score an address, and list its stamps",
        description="Computes the score and lists the live stamps, without Human Points.",
        tag=_TAG,
        is_compressed=True,
        parameters=[
            Parameter(
                "scorer_id",
                "The id of a scorer; a negative number names the demo scorer.",
                BIGINT.schema(),
                SCORER_ID,
            ),
            _ADDRESS,
        ],
        answers=[
            Answer(200, "The score and the stamps.", StampsAndScoreResponse, _ANSWER),
            detail_answer(400, "The scorer id or the address is invalid.", "Invalid scorer_id"),
            invalid_request_answer(),
            *general_answers(),
        ],
    ),
)
