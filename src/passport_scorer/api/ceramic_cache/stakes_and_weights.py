"""`/ceramic-cache/weights` and `/ceramic-cache/stake/gtc`: what the app shows beside the stamps."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.owner import (
    OWNER_SECURITY,
    owner_answers,
    owner_endpoint,
)
from passport_scorer.api.http.endpoint import Answer, Endpoint
from passport_scorer.api.http.responses import detail_answer, general_answers, json_response
from passport_scorer.api.schemas.stakes import OWNER_STAKES_EXAMPLE, Stakes, stakes_of
from passport_scorer.api.schemas.weights import WEIGHTS_CACHE_CONTROL, weights_of
from passport_scorer.services import Services


async def get_weights(request: Request) -> Response:
    """Return the weights of the configured scorer; anybody may call."""
    services: Services = request.app.state.services
    return json_response(await weights_of(services, services.configured_scorer_id))


@owner_endpoint
async def get_own_stakes(request: Request, address: str) -> Response:
    """Return the stakes in which the token's address is staker or stakee."""
    services: Services = request.app.state.services
    return json_response(await stakes_of(services, address))


STAKES_AND_WEIGHTS = (
    Endpoint(
        path="/ceramic-cache/weights",
        handler=get_weights,
        summary="Get the weights of the configured scorer",
        description="Returns the weights as they are stored with the scorer.",
        tag="Stamp store",
        is_compressed=True,
        cache_control=WEIGHTS_CACHE_CONTROL,
        answers=[
            Answer(200, "Provider -> weight.", dict[str, float], {"Google": 0.525, "Ens": 0.208}),
            detail_answer(404, "No scorer is configured.", "No scorer matches the given criteria."),
            *general_answers(),
        ],
    ),
    Endpoint(
        path="/ceramic-cache/stake/gtc",
        handler=get_own_stakes,
        summary="List the stakes of your own address",
        description="Returns the stakes of the address and on it; an empty list if there are none.",
        tag="Stamp store",
        security=OWNER_SECURITY,
        is_compressed=True,
        answers=[Answer(200, "The stakes.", Stakes, OWNER_STAKES_EXAMPLE), *owner_answers()],
    ),
)
