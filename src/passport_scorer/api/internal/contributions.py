"""`GET /internal/cgrants/contributor_statistics`: what an address has given to grants."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.internal import (
    INTERNAL_SECURITY,
    internal_answers,
    internal_endpoint,
)
from passport_scorer.api.http.endpoint import Answer, Endpoint
from passport_scorer.api.http.problems import invalid_request_answer
from passport_scorer.api.http.requests import required_query_parameter
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.schemas.parameters import CHECKSUMMED_ADDRESS, invalid_address_answer
from passport_scorer.db.queries.contributions import sum_contributions
from passport_scorer.ethereum.checksum_address import parse_checksummed_address
from passport_scorer.services import Services


class ContributorStatistics(msgspec.Struct, frozen=True):
    """What an address has contributed.

    Attributes:
        num_grants_contribute_to: the number of grants and projects.
        total_contribution_amount: the sum of all contributions, two decimals.
    """

    num_grants_contribute_to: float
    total_contribution_amount: float


@internal_endpoint
async def get_contributor_statistics(request: Request) -> Response:
    """Return to how many grants the address has contributed, and how much."""
    services: Services = request.app.state.services
    address = parse_checksummed_address(required_query_parameter(request, "address"))
    found = await sum_contributions(services.database, address)
    return json_response(ContributorStatistics(float(found.count), float(found.amount)))


CONTRIBUTOR_STATISTICS = Endpoint(
    path="/internal/cgrants/contributor_statistics",
    handler=get_contributor_statistics,
    summary="Contributions of an address to grants",
    description=(
        "Successful contributions to grants, and contributions by the protocol of at least 0.95 "
        "outside of rounds in which the address is squelched."
    ),
    tag="Contributions",
    security=INTERNAL_SECURITY,
    query=[CHECKSUMMED_ADDRESS],
    answers=[
        Answer(
            200,
            "What it has contributed; zeros for nothing.",
            ContributorStatistics,
            ContributorStatistics(2.0, 124.12),
        ),
        invalid_address_answer(),
        invalid_request_answer(),
        *internal_answers(),
    ],
)
