"""`/internal/embed/stamps/…` and `/internal/embed/score/…`: calls of the embedded widget."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.internal import INTERNAL, InternalCall
from passport_scorer.api.guards.open import OPEN, OpenCall
from passport_scorer.api.http.endpoint import Body, Endpoint, Parameter, ResponseDoc
from passport_scorer.api.http.errors import SCORING_ERRORS, InvalidRequest, InvalidScorerId
from passport_scorer.api.http.requests import json_body, list_of_at_most, members, parse_integer
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.middleware.access_log import note_score
from passport_scorer.api.operations.examples import CREDENTIALS, SCORER_ID
from passport_scorer.api.schemas.score import OWNER_EXAMPLE, score_response
from passport_scorer.api.schemas.stamps import (
    StampsAndScoreResponse,
    example_stamps,
    read_stamp,
    shown,
)
from passport_scorer.domain.addresses import InvalidAddress, parse_address
from passport_scorer.domain.bounded_types import BIGINT, Bigint, IntegerText
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.submissions import (
    MOST_ENTRIES,
    Entry,
    Source,
    SourceApp,
    TooManyLiveStamps,
    TooManyStamps,
    UnusableEntry,
    check_number,
)


class EmbedStamps(msgspec.Struct, frozen=True):
    """Stamps to store, and the scorer to use.

    Attributes:
        scorer_id: an integer, or its decimal digits as a string.
        stamps: the credentials exactly as they were issued; maximum 100.
    """

    scorer_id: Bigint | IntegerText
    stamps: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=MOST_ENTRIES)]


class _SentEmbedStamps(msgspec.Struct, frozen=True):
    scorer_id: Bigint | IntegerText
    stamps: list_of_at_most(msgspec.Raw, MOST_ENTRIES)  # type: ignore[valid-type]


async def post_embed_stamps(call: InternalCall) -> Response:
    """Store stamps, and score."""
    address, store = parse_address(call.path["address"]), call.services.stamp_store
    body: _SentEmbedStamps = await json_body(call.request, _SentEmbedStamps)
    sent = members(body.stamps)
    check_number(sent)
    scorer_id = parse_integer(body.scorer_id, ["body", "scorer_id"])
    source = Source(SourceApp.EMBED, scorer_id)
    stamps, saved = await store.store(address, _entries(sent), scorer_id, source)
    note_score(call.request.scope, scorer_id, passing=saved.score.passing)
    score = score_response(saved, with_points=False)
    return json_response(StampsAndScoreResponse(success=True, stamps=shown(stamps), score=score))


async def get_embed_score(call: OpenCall) -> Response:
    """Score an address, and list its stamps."""
    address = parse_address(call.path["address"])
    scorer_id = parse_integer(call.path["scorer_id"], ["path", "scorer_id"])
    if scorer_id < 0:
        scorer_id = call.services.demo_scorer_id or scorer_id
    try:
        saved = await call.services.scoring.score(address, scorer_id)
    except ScorerNotFound as error:
        raise InvalidScorerId from error
    note_score(call.request.scope, scorer_id, passing=saved.score.passing)
    stamps = shown(await call.services.stamp_store.live_stamps(address))
    score = score_response(saved, with_points=False)
    return json_response(StampsAndScoreResponse(success=True, stamps=stamps, score=score))


def _entries(sent: list[msgspec.Raw]) -> list[Entry]:
    entries = []
    for place, document in enumerate(sent, 1):
        stamp = read_stamp(place, document, ["body", "stamps", place - 1])
        if not stamp.provider:
            raise UnusableEntry(f"Entry {place}: the stamp has no provider.")
        entries.append(Entry(stamp.provider, stamp))
    return entries


_EXAMPLE = StampsAndScoreResponse(
    success=True,
    stamps=list(example_stamps()),
    score=OWNER_EXAMPLE,
)
_TAG = "Embedding"
_ADDRESS = Parameter("address", "An Ethereum address.", {"type": "string"}, OWNER_EXAMPLE.address)

EMBED_STAMPS = Endpoint(
    path="/internal/embed/stamps/{address}",
    method="POST",
    guard=INTERNAL,
    handler=post_embed_stamps,
    summary="Store stamps, and score",
    description="Stores all stamps or none. Maximum: 100 stamps, each from a different provider.",
    tag=_TAG,
    is_compressed=True,
    parameters=[_ADDRESS],
    body=Body(
        EmbedStamps, {"scorer_id": SCORER_ID, "stamps": [CREDENTIALS.google, CREDENTIALS.ens]}
    ),
    success=ResponseDoc(200, "Stored.", StampsAndScoreResponse, _EXAMPLE),
    errors=(
        *(UnusableEntry, TooManyLiveStamps, TooManyStamps, InvalidAddress, ScorerNotFound),
        *SCORING_ERRORS,
    ),
)
EMBED_SCORE = Endpoint(
    path="/internal/embed/score/{scorer_id}/{address}",
    guard=OPEN,
    handler=get_embed_score,
    summary="Score an address, and list its stamps",
    description="Computes the score and lists the live stamps, without Human Points.",
    tag=_TAG,
    is_compressed=True,
    parameters=[
        Parameter(
            "scorer_id",
            "The ID of a scorer; any negative number selects the demo scorer.",
            BIGINT.schema(),
            SCORER_ID,
        ),
        _ADDRESS,
    ],
    success=ResponseDoc(200, "The score and the stamps.", StampsAndScoreResponse, _EXAMPLE),
    errors=(InvalidScorerId, InvalidAddress, InvalidRequest, *SCORING_ERRORS),
)
