"""`GET /v2/stamps/{scorer_id}/score/{address}/history`: the score as of a time."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from functools import partial
from operator import attrgetter

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.partner import PARTNER, PartnerCall
from passport_scorer.api.http.endpoint import Endpoint, Parameter, ResponseDoc
from passport_scorer.api.http.error_docs import EXAMPLE_CREATED_AT
from passport_scorer.api.http.requests import required_query_parameter
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.middleware.access_log import note_community, note_score
from passport_scorer.api.schemas.score import (
    EXAMPLE,
    V2ScoreResponse,
    recorded_score_response,
)
from passport_scorer.api.schemas.scorer_id import NamedScorer, parse_scorer_id
from passport_scorer.api.v2.score import SCORE
from passport_scorer.db.queries.partners import find_historical_score
from passport_scorer.domain.addresses import InvalidAddress, parse_address
from passport_scorer.domain.api_key import ApiKey, PermissionDenied
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.score_history import (
    HistoricalScore,
    InvalidCreatedAt,
    NoCreatedAt,
    NoScoreFound,
    parse_created_at,
)
from passport_scorer.domain.stored_scores import RecordedScore, UnreadableScore, read_event
from passport_scorer.telemetry.logger import log


class _ScoreQuery(msgspec.Struct, frozen=True):
    scorer: NamedScorer
    address: str
    created_at: datetime
    created_at_text: str  # as the caller wrote it


async def get_score_history(call: PartnerCall) -> Response:
    """Return the newest score of an address recorded at or before a time."""
    try:
        query = _parse_query(call)
    except PassportScorerError:
        _check_permission(await call.authenticate_alone())
        raise
    key, found = await call.authorized(partial(_find, call, query), attrgetter("key"))
    note_community(call.request.scope, found.community_id)
    _check_permission(key)
    if found.community_id is None:
        raise ScorerNotFound("No Community matches the given query.")
    score = _recorded(found, query)
    note_score(call.request.scope, found.community_id, passing=score.passing)
    return json_response(recorded_score_response(query.address, score))


def _parse_query(call: PartnerCall) -> _ScoreQuery:
    scorer = parse_scorer_id(call.path["scorer_id"], call.services.demo_scorer_id)
    address = parse_address(call.path["address"])
    created_at = required_query_parameter(call.request, "created_at")
    return _ScoreQuery(scorer, address, parse_created_at(created_at), created_at)


def _find(call: PartnerCall, query: _ScoreQuery, key_hash: str) -> Awaitable[HistoricalScore]:
    return find_historical_score(
        call.services.database,
        key_prefix=call.presented.prefix,
        key_hash=key_hash,
        external_scorer_id=query.scorer.external_scorer_id,
        scorer_id=query.scorer.scorer_id,
        address=query.address,
        created_at=query.created_at,
    )


def _recorded(found: HistoricalScore, query: _ScoreQuery) -> RecordedScore:
    no_score = NoScoreFound(query.address, query.created_at_text)
    if found.data is None:
        raise no_score
    try:
        return read_event(found.data)
    except UnreadableScore as error:  # the row holds no score
        log.warning("event_not_readable", address=query.address, reason=error.code)
        raise no_score from error


def _check_permission(key: ApiKey) -> None:
    if not key.historical_endpoint:
        raise PermissionDenied


_EXPIRES = "2099-12-31T00:00:00Z"
_EXAMPLE = msgspec.structs.replace(
    EXAMPLE,
    score="19.78000",
    passing_score=False,
    last_score_timestamp="2026-01-15T09:30:00Z",
    expiration_timestamp=_EXPIRES,
    stamps={
        provider: msgspec.structs.replace(stamp, expiration_date=_EXPIRES)
        for provider, stamp in (EXAMPLE.stamps or {}).items()
        if provider != "Linkedin"  # which came later
    },
)

HISTORY = Endpoint(
    path="/v2/stamps/{scorer_id}/score/{address}/history",
    guard=PARTNER,
    handler=get_score_history,
    summary="Get the score at an earlier time",
    description=(
        "Returns the newest score of the address in this community computed at or before "
        "`created_at`, exactly as it was recorded, including the format of times."
        "\n\nYour key needs the permission to read score history."
    ),
    tag="Scores",
    parameters=SCORE.parameters,
    query=[
        Parameter(
            "created_at",
            "An ISO 8601 date (meaning its first moment) or time; UTC unless it has an offset.",
            {"type": "string"},
            EXAMPLE_CREATED_AT,
        )
    ],
    success=ResponseDoc(200, "The score as of that time.", V2ScoreResponse, _EXAMPLE),
    errors=(
        *(NoCreatedAt, InvalidCreatedAt, InvalidAddress),
        *(PermissionDenied, NoScoreFound, ScorerNotFound),
    ),
)
