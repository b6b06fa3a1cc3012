"""`GET /v2/stamps/{scorer_id}/score/{address}`: the score of an address, freshly computed."""

from __future__ import annotations

from collections.abc import Awaitable
from operator import attrgetter

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.partner import PARTNER_WITH_RESPONSE_RECORDED, PartnerCall
from passport_scorer.api.http.endpoint import Endpoint, Parameter, ResponseDoc
from passport_scorer.api.http.errors import SCORING_ERRORS
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.middleware.access_log import note_community, note_score
from passport_scorer.api.schemas.score import EXAMPLE, V2ScoreResponse, score_response
from passport_scorer.api.schemas.scorer_id import parse_scorer_id
from passport_scorer.domain.addresses import InvalidAddress, is_address, parse_address
from passport_scorer.domain.api_key import PermissionDenied
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.scoring import SavedScore
from passport_scorer.scoring.service import Loaded, ScoringRequest


async def get_score(call: PartnerCall) -> Response:
    """Score an address in a community of the caller's account, and record the result."""
    request = _scoring_request(call)
    saved = await _touch(call, request) or await _score(call, request)
    note_score(call.request.scope, saved.community_id, passing=saved.score.passing)
    return json_response(score_response(saved, with_points=call.services.shows_points))


async def _touch(call: PartnerCall, request: ScoringRequest) -> SavedScore | None:
    """Return the cached score, recorded again; None: it has to be computed."""
    cached = await call.cached_key()
    if cached is None or not cached.key.read_scores:
        return None
    saved = await call.services.scoring.touch(request, cached.version)
    if saved is not None:
        call.confirm(cached)
    return saved


async def _score(call: PartnerCall, request: ScoringRequest) -> SavedScore:
    """Load everything, the key included, decide and save."""
    scoring = call.services.scoring

    def load(key_hash: str) -> Awaitable[Loaded]:
        return scoring.load(msgspec.structs.replace(request, key_hash=key_hash))

    key, loaded = await call.authorized(load, attrgetter("key"))
    call.services.key_cache.put(call.presented, key, loaded.inputs.key_version)
    note_community(call.request.scope, loaded.inputs.community_id)
    if not key.read_scores:
        raise PermissionDenied
    parse_address(call.path["address"])
    return await scoring.save(loaded)


def _scoring_request(call: PartnerCall) -> ScoringRequest:
    address = call.path["address"]
    scorer = parse_scorer_id(call.path["scorer_id"], call.services.demo_scorer_id)
    return ScoringRequest(
        address=address.lower() if is_address(address) else None,
        key_prefix=call.presented.prefix,
        external_scorer_id=scorer.external_scorer_id,
        scorer_id=scorer.scorer_id,
    )


SCORE = Endpoint(
    path="/v2/stamps/{scorer_id}/score/{address}",
    guard=PARTNER_WITH_RESPONSE_RECORDED,
    handler=get_score,
    summary="Score an address",
    description=(
        "Verifies the stamps of the address, excludes those that another address has claimed in "
        "this community, adds up the weights of the rest, records the result, and returns it."
        "\n\nAn address without stamps scores `0.00000`; this is not an error."
    ),
    tag="Scores",
    parameters=[
        Parameter(
            "scorer_id",
            "The ID of one of your scorers, or its external ID. Any negative number selects the "
            "demo scorer.",
            {"type": "string"},
            "1",
        ),
        Parameter(
            "address",
            "An Ethereum address; letter case does not matter.",
            {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"},
            EXAMPLE.address,
        ),
    ],
    success=ResponseDoc(200, "The score.", V2ScoreResponse, EXAMPLE),
    errors=(InvalidAddress, PermissionDenied, ScorerNotFound, *SCORING_ERRORS),
)
