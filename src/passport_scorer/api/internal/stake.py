"""`GET /internal/stake/gtc/{address}`: the stakes by an address and on it."""

from __future__ import annotations

from starlette.responses import Response

from passport_scorer.api.guards.internal import INTERNAL, InternalCall
from passport_scorer.api.http.endpoint import Endpoint, ResponseDoc
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.schemas.parameters import CHECKSUMMED_ADDRESS
from passport_scorer.api.schemas.stakes import STAKES_EXAMPLE, Stakes, stakes_of
from passport_scorer.domain.addresses import InvalidAddress
from passport_scorer.ethereum.checksum_address import parse_checksummed_address


async def get_stakes(call: InternalCall) -> Response:
    """Return the stakes in which the address is staker or stakee."""
    address = parse_checksummed_address(call.path["address"])
    return json_response(await stakes_of(call.services, address))


STAKES = Endpoint(
    path="/internal/stake/gtc/{address}",
    guard=INTERNAL,
    handler=get_stakes,
    summary="List the stakes by an address and on it",
    description="Returns the stakes by the address and on it; the list can be empty.",
    tag="Stakes",
    is_compressed=True,
    parameters=[CHECKSUMMED_ADDRESS],
    success=ResponseDoc(200, "The stakes.", Stakes, STAKES_EXAMPLE),
    errors=(InvalidAddress,),
)
