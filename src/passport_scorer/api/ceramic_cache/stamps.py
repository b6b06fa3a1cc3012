"""`/ceramic-cache/stamps/bulk` and `/ceramic-cache/stamp`: the stamps of an address."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.owner import (
    OWNER_SECURITY,
    owner_answers,
    owner_endpoint,
)
from passport_scorer.api.http.client_address import peer_of
from passport_scorer.api.http.endpoint import Answer, Body, Endpoint, Parameter
from passport_scorer.api.http.problems import invalid_request_answer
from passport_scorer.api.http.requests import (
    json_body,
    list_of_at_most,
    members,
    required_query_parameter,
)
from passport_scorer.api.http.responses import (
    detail_answer,
    general_answers,
    json_response,
    limited_answer,
)
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
from passport_scorer.domain.addresses import parse_address
from passport_scorer.domain.submissions import MOST_ENTRIES, check_number
from passport_scorer.scoring.stamp_store import Source, SourceApp
from passport_scorer.services import Services

_SENT = list_of_at_most(msgspec.Raw, MOST_ENTRIES)


@owner_endpoint
async def post_stamps(request: Request, address: str) -> Response:
    """Replace or add stamps, and score."""
    services: Services = request.app.state.services
    source = Source(SourceApp.PASSPORT, services.default_scorer_id)
    return json_response(await _store(request, address, source), 201)


@owner_endpoint
async def patch_stamps(request: Request, address: str) -> Response:
    """Replace, add or delete stamps, and score."""
    return json_response(await _store(request, address, Source()))


async def _store(request: Request, address: str, source: Source) -> StampsAndScoreResponse:
    services: Services = request.app.state.services
    sent = members(await json_body(request, _SENT))
    check_number(sent)
    scorer_id = services.configured_scorer_id
    stamps, outcome = await services.stamp_store.store(
        address, read_entries(sent), scorer_id, source
    )
    note_score(request.scope, scorer_id, passing=outcome.score.passing)
    score = score_response(outcome, with_points=services.shows_points)
    return StampsAndScoreResponse(success=True, stamps=shown(stamps), score=score)


@owner_endpoint
async def delete_stamps(request: Request, address: str) -> Response:
    """Delete stamps, and score."""
    services: Services = request.app.state.services
    sent = members(await json_body(request, _SENT))
    check_number(sent)
    scorer_id = services.configured_scorer_id
    stamps = await services.stamp_store.delete(address, read_providers(sent), scorer_id)
    note_community(request.scope, scorer_id)
    return json_response(StampsResponse(success=True, stamps=shown(stamps)))


async def get_stamps(request: Request) -> Response:
    """List the stamps of an address; one that was never scored is scored."""
    services: Services = request.app.state.services
    address = parse_address(required_query_parameter(request, "address"))
    scorer_id = services.configured_scorer_id
    if not await services.stamp_store.is_scored(address, scorer_id):
        services.anonymous_writes.count(peer_of(request))
        outcome = await services.road.score(address, scorer_id)
        note_score(request.scope, scorer_id, passing=outcome.score.passing)
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
_REFUSED = (
    detail_answer(400, "An entry can't be stored.", "Entry 1: the provider occurs twice."),
    invalid_request_answer(),
    *owner_answers(),
)
_TAG = "Stamp store"
_PATH = "/ceramic-cache/stamps/bulk"

STAMPS = (
    Endpoint(
        path=_PATH,
        method="POST",
        handler=post_stamps,
        summary="Store stamps",
        description=(
            "For every provider in the list the live stamp is soft-deleted, and the entry's stamp "
            "is stored; an entry without a stamp only deletes. Then the address is scored. All of "
            "it happens, or nothing. At most 100 entries.\n\n"
            "A stamp that verification would refuse for its size, depth or numbers is refused, and "
            "so is a call after which the address would have too many stamps. A stamp of an "
            "unknown issuer is stored, but does not count."
        ),
        tag=_TAG,
        security=OWNER_SECURITY,
        is_compressed=True,
        body=Body(_LISTED, [_GOOGLE, _ENS]),
        answers=[
            Answer(201, "Stored.", StampsAndScoreResponse, _STORED),
            detail_answer(404, "No scorer is configured.", "No scorer matches the given criteria."),
            *_REFUSED,
        ],
    ),
    Endpoint(
        path=_PATH,
        method="PATCH",
        handler=patch_stamps,
        summary="Replace, add or delete stamps",
        description="Does the same as POST. An entry without a stamp only deletes.",
        tag=_TAG,
        security=OWNER_SECURITY,
        is_compressed=True,
        body=Body(_LISTED, [_GOOGLE, {"provider": "Discord", "stamp": None}]),
        answers=[
            Answer(200, "Stored.", StampsAndScoreResponse, _STORED),
            detail_answer(404, "No scorer is configured.", "No scorer matches the given criteria."),
            *_REFUSED,
        ],
    ),
    Endpoint(
        path=_PATH,
        method="DELETE",
        handler=delete_stamps,
        summary="Delete stamps",
        description="The stamps of the providers in the list are soft-deleted; the score follows.",
        tag=_TAG,
        security=OWNER_SECURITY,
        is_compressed=True,
        body=Body(_LISTED, [{"provider": "Google"}]),
        answers=[
            Answer(200, "Deleted.", StampsResponse, _ENS_LEFT),
            detail_answer(404, "No matching stamp.", "Unable to find stamp to delete."),
            *_REFUSED,
        ],
    ),
    Endpoint(
        path="/ceramic-cache/stamp",
        handler=get_stamps,
        summary="List the stamps of an address",
        description="The live, unrevoked stamps, newest first.",
        tag=_TAG,
        is_compressed=True,
        query=[
            Parameter("address", "An Ethereum address.", {"type": "string"}, OWNER_EXAMPLE.address)
        ],
        answers=[
            Answer(
                200,
                "The stamps.",
                StampsResponse,
                StampsResponse(success=True, stamps=[_SHOWN_GOOGLE, _SHOWN_ENS]),
            ),
            detail_answer(400, "The address is not a valid Ethereum address.", "Invalid address."),
            detail_answer(404, "No scorer is configured.", "No scorer matches the given criteria."),
            invalid_request_answer(),
            limited_answer(
                "This network address asked for too many addresses that were never scored."
            ),
            *general_answers(),
        ],
    ),
)
