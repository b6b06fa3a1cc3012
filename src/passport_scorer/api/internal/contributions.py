"""`GET /internal/cgrants/contributor_statistics`: grant contributions of an address."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.internal import INTERNAL, InternalCall
from passport_scorer.api.http.endpoint import Endpoint, ResponseDoc
from passport_scorer.api.http.requests import required_query_parameter
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.schemas.parameters import CHECKSUMMED_ADDRESS
from passport_scorer.db.queries.contributions import sum_contributions
from passport_scorer.domain.addresses import InvalidAddress
from passport_scorer.ethereum.checksum_address import parse_checksummed_address


class ContributorStatistics(msgspec.Struct, frozen=True):
    """The contributions of an address.

    Attributes:
        num_grants_contribute_to: the number of grants and projects it contributed to.
        total_contribution_amount: the sum of all contributions, with two decimals.
    """

    num_grants_contribute_to: float
    total_contribution_amount: float


async def get_contributor_statistics(call: InternalCall) -> Response:
    """Return the number of grants that the address contributed to, and the total."""
    address = parse_checksummed_address(required_query_parameter(call.request, "address"))
    found = await sum_contributions(call.services.database, address)
    return json_response(ContributorStatistics(float(found.count), float(found.amount)))


CONTRIBUTOR_STATISTICS = Endpoint(
    path="/internal/cgrants/contributor_statistics",
    guard=INTERNAL,
    handler=get_contributor_statistics,
    summary="Get the grant contributions of an address",
    description=(
        "Counts successful grant contributions, and protocol contributions of at least 0.95 in "
        "rounds in which the address is not squelched."
    ),
    tag="Contributions",
    query=[CHECKSUMMED_ADDRESS],
    success=ResponseDoc(
        200,
        "The contributions; zeros without any.",
        ContributorStatistics,
        ContributorStatistics(2.0, 124.12),
    ),
    errors=(InvalidAddress,),
)
