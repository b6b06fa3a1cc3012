"""`GET /internal/stake/gtc/{address}`: the stakes of an address, and those on it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.internal import (
    INTERNAL_SECURITY,
    internal_answers,
    internal_endpoint,
)
from passport_scorer.api.http.endpoint import Answer, Endpoint
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.schemas.parameters import (
    CHECKSUMMED_ADDRESS,
    invalid_address_answer,
)
from passport_scorer.api.schemas.stakes import STAKES_EXAMPLE, Stakes, stakes_of
from passport_scorer.ethereum.checksum_address import parse_checksummed_address
from passport_scorer.services import Services


@internal_endpoint
async def get_stakes(request: Request) -> Response:
    """Return the stakes in which the address is staker or stakee."""
    services: Services = request.app.state.services
    address = parse_checksummed_address(request.path_params["address"])
    return json_response(await stakes_of(services, address))


STAKES = Endpoint(
    path="/internal/stake/gtc/{address}",
    handler=get_stakes,
    summary="Stakes of an address, and on it",
    description="Returns the stakes of the address and on it; an empty list if there are none.",
    tag="Stakes",
    security=INTERNAL_SECURITY,
    is_compressed=True,
    parameters=[CHECKSUMMED_ADDRESS],
    answers=[
        Answer(200, "The stakes.", Stakes, STAKES_EXAMPLE),
        invalid_address_answer(),
        *internal_answers(),
    ],
)
