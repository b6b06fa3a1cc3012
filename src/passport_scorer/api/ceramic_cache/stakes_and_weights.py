"""`/ceramic-cache/weights` and `/ceramic-cache/stake/gtc`."""

from __future__ import annotations

from starlette.responses import Response

from passport_scorer.api.guards.open import OPEN, OpenCall
from passport_scorer.api.guards.owner import OWNER, OwnerCall
from passport_scorer.api.http.endpoint import Endpoint, ResponseDoc
from passport_scorer.api.http.errors import DATABASE_ERRORS
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.schemas.stakes import OWNER_STAKES_EXAMPLE, Stakes, stakes_of
from passport_scorer.api.schemas.weights import WEIGHTS_CACHE_CONTROL, weights_of
from passport_scorer.domain.community import ScorerNotFound


async def get_weights(call: OpenCall) -> Response:
    """Return the weights of the configured scorer."""
    return json_response(await weights_of(call.services, call.services.configured_scorer_id))


async def get_own_stakes(call: OwnerCall) -> Response:
    """Return the stakes in which the token's address is staker or stakee."""
    return json_response(await stakes_of(call.services, call.address))


WEIGHTS = Endpoint(
    path="/ceramic-cache/weights",
    guard=OPEN,
    handler=get_weights,
    summary="Get the weights of the configured scorer",
    description="Returns the weights as they are stored with the scorer.",
    tag="Stamp store",
    is_compressed=True,
    cache_control=WEIGHTS_CACHE_CONTROL,
    success=ResponseDoc(
        200, "Provider -> weight.", dict[str, float], {"Google": 0.525, "Ens": 0.208}
    ),
    errors=(ScorerNotFound, *DATABASE_ERRORS),
)
OWN_STAKES = Endpoint(
    path="/ceramic-cache/stake/gtc",
    guard=OWNER,
    handler=get_own_stakes,
    summary="List the stakes of your own address",
    description="Returns the stakes by the address and on it; the list can be empty.",
    tag="Stamp store",
    is_compressed=True,
    success=ResponseDoc(200, "The stakes.", Stakes, OWNER_STAKES_EXAMPLE),
)
