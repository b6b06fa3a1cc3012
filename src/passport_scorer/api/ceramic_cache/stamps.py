"""`/ceramic-cache/stamps/bulk` and `/ceramic-cache/stamp`: the stamps of an address."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.open import OPEN, OpenCall
from passport_scorer.api.guards.owner import OWNER, OwnerCall
from passport_scorer.api.http.endpoint import Body, Endpoint, Parameter, ResponseDoc
from passport_scorer.api.http.errors import SCORING_ERRORS, ErrorClasses
from passport_scorer.api.http.requests import (
    json_body,
    list_of_at_most,
    members,
    required_query_parameter,
)
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.middleware.access_log import note_community, note_score
from passport_scorer.api.operations.examples import CREDENTIALS
from passport_scorer.api.schemas.score import OWNER_EXAMPLE, score_response
from passport_scorer.api.schemas.stamps import (
    StampEntry,
    StampsAndScoreResponse,
    StampsResponse,
    example_stamps,
    read_entries,
    read_providers,
    shown,
)
from passport_scorer.auth.rate_limits import RateLimited
from passport_scorer.domain.addresses import InvalidAddress, parse_address
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.submissions import (
    MOST_ENTRIES,
    NoStampToDelete,
    Source,
    SourceApp,
    TooManyLiveStamps,
    TooManyStamps,
    UnusableEntry,
    check_number,
)

_SENT = list_of_at_most(msgspec.Raw, MOST_ENTRIES)


async def post_stamps(call: OwnerCall) -> Response:
    """Replace or add stamps, and score."""
    source = Source(SourceApp.PASSPORT, call.services.default_scorer_id)
    return json_response(await _store(call, source), 201)


async def patch_stamps(call: OwnerCall) -> Response:
    """Replace, add or delete stamps, and score."""
    return json_response(await _store(call, Source()))


async def _store(call: OwnerCall, source: Source) -> StampsAndScoreResponse:
    sent = members(await json_body(call.request, _SENT))
    check_number(sent)
    scorer_id = call.services.configured_scorer_id
    stamps, saved = await call.services.stamp_store.store(
        call.address, read_entries(sent), scorer_id, source
    )
    note_score(call.request.scope, scorer_id, passing=saved.score.passing)
    score = score_response(saved, with_points=call.services.shows_points)
    return StampsAndScoreResponse(success=True, stamps=shown(stamps), score=score)


async def delete_stamps(call: OwnerCall) -> Response:
    """Delete stamps, and score."""
    sent = members(await json_body(call.request, _SENT))
    check_number(sent)
    scorer_id = call.services.configured_scorer_id
    stamps = await call.services.stamp_store.delete(call.address, read_providers(sent), scorer_id)
    note_community(call.request.scope, scorer_id)
    return json_response(StampsResponse(success=True, stamps=shown(stamps)))


async def get_stamps(call: OpenCall) -> Response:
    """List the stamps of an address; score it first if it has no score yet."""
    services = call.services
    address = parse_address(required_query_parameter(call.request, "address"))
    scorer_id = services.configured_scorer_id
    if not await services.stamp_store.is_scored(address, scorer_id):
        services.anonymous_writes.count(call.peer)
        saved = await services.scoring.score(address, scorer_id)
        note_score(call.request.scope, scorer_id, passing=saved.score.passing)
    stamps = await services.stamp_store.live_stamps(address)
    return json_response(StampsResponse(success=True, stamps=shown(stamps)))


_LISTED = Annotated[list[StampEntry], msgspec.Meta(max_length=MOST_ENTRIES)]
_GOOGLE = {"provider": "Google", "stamp": CREDENTIALS.google}
_ENS = {"provider": "Ens", "stamp": CREDENTIALS.ens}
_SHOWN_GOOGLE, _SHOWN_ENS = example_stamps()
_STORED = StampsAndScoreResponse(
    success=True, stamps=[_SHOWN_GOOGLE, _SHOWN_ENS], score=OWNER_EXAMPLE
)
_ENS_LEFT = StampsResponse(success=True, stamps=[_SHOWN_ENS])
_BOTH = StampsResponse(success=True, stamps=[_SHOWN_GOOGLE, _SHOWN_ENS])
_STORE_ERRORS: ErrorClasses = (
    *(UnusableEntry, TooManyLiveStamps, TooManyStamps, ScorerNotFound),
    *SCORING_ERRORS,
)
_TAG = "Stamp store"
_PATH = "/ceramic-cache/stamps/bulk"

POST_STAMPS = Endpoint(
    path=_PATH,
    method="POST",
    guard=OWNER,
    handler=post_stamps,
    summary="Store stamps",
    description=(
        "For each provider in the list, soft-deletes the live stamp and stores the entry's stamp; "
        "an entry without a stamp only deletes. Then scores the address. The request succeeds or "
        "fails as a whole. Maximum: 100 entries.\n\n"
        "A stamp whose size, depth or numbers verification would reject is rejected, and so is a "
        "request that would leave the address with too many stamps. A stamp from an unknown issuer "
        "is stored, but does not count."
    ),
    tag=_TAG,
    is_compressed=True,
    body=Body(_LISTED, [_GOOGLE, _ENS]),
    success=ResponseDoc(201, "Stored.", StampsAndScoreResponse, _STORED),
    errors=_STORE_ERRORS,
)
PATCH_STAMPS = Endpoint(
    path=_PATH,
    method="PATCH",
    guard=OWNER,
    handler=patch_stamps,
    summary="Replace, add or delete stamps",
    description="Does the same as POST. An entry without a stamp only deletes.",
    tag=_TAG,
    is_compressed=True,
    body=Body(_LISTED, [_GOOGLE, {"provider": "Discord", "stamp": None}]),
    success=ResponseDoc(200, "Stored.", StampsAndScoreResponse, _STORED),
    errors=_STORE_ERRORS,
)
DELETE_STAMPS = Endpoint(
    path=_PATH,
    method="DELETE",
    guard=OWNER,
    handler=delete_stamps,
    summary="Delete stamps",
    description="Soft-deletes the stamps of the listed providers and updates the stored score.",
    tag=_TAG,
    is_compressed=True,
    body=Body(_LISTED, [{"provider": "Google"}]),
    success=ResponseDoc(200, "Deleted.", StampsResponse, _ENS_LEFT),
    errors=(UnusableEntry, NoStampToDelete, ScorerNotFound, TooManyStamps, *SCORING_ERRORS),
)
GET_STAMPS = Endpoint(
    path="/ceramic-cache/stamp",
    guard=OPEN,
    handler=get_stamps,
    summary="List the stamps of an address",
    description="Returns the live, unrevoked stamps, newest first.",
    tag=_TAG,
    is_compressed=True,
    query=[Parameter("address", "An Ethereum address.", {"type": "string"}, OWNER_EXAMPLE.address)],
    success=ResponseDoc(200, "The stamps.", StampsResponse, _BOTH),
    errors=(InvalidAddress, ScorerNotFound, RateLimited, *SCORING_ERRORS),
)
