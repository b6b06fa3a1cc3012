"""`GET /v2/stamps/{address}`: the stamps of an address, page by page."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from operator import attrgetter

from starlette.responses import Response

from passport_scorer.api.guards.partner import PARTNER, PartnerCall
from passport_scorer.api.http.endpoint import Endpoint, Parameter, ResponseDoc
from passport_scorer.api.http.requests import (
    boolean_query_parameter,
    integer_query_parameter,
    query_parameter,
)
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.schemas.page_request import PageRequest, base_url
from passport_scorer.api.schemas.stamp_page import (
    EXAMPLE_LIMIT,
    EXAMPLE_PAGE,
    EXAMPLE_TOKEN,
    Page,
    page,
)
from passport_scorer.api.v2.score import SCORE
from passport_scorer.catalogue.client import CatalogueUnavailable
from passport_scorer.db.queries.partners import find_stamps_page
from passport_scorer.domain.addresses import InvalidAddress, parse_address
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.pagination import (
    InvalidLimit,
    InvalidToken,
    StampsPage,
    check_limit,
    parse_token,
)


async def list_stamps(call: PartnerCall) -> Response:
    """Return a page of the stamps of an address, newest first."""
    try:
        asked = _page_request(call)
    except PassportScorerError:
        await call.authenticate_alone()
        raise
    _, found = await call.authorized(partial(_find, call, asked), attrgetter("key"))
    catalogue = await call.services.catalogue.catalogue() if asked.include_metadata else None
    return json_response(page(found, asked, base_url(call.request), catalogue))


def _page_request(call: PartnerCall) -> PageRequest:
    request = call.request
    address = parse_address(call.path["address"])
    return PageRequest(
        address=address,
        limit=check_limit(integer_query_parameter(request, "limit")),
        cursor=parse_token(query_parameter(request, "token") or ""),
        include_metadata=boolean_query_parameter(request, "include_metadata"),
    )


def _find(call: PartnerCall, asked: PageRequest, key_hash: str) -> Awaitable[StampsPage]:
    return find_stamps_page(
        call.services.database,
        key_prefix=call.presented.prefix,
        key_hash=key_hash,
        address=asked.address,
        cursor=asked.cursor,
        limit=asked.limit,
    )


LISTING = Endpoint(
    path="/v2/stamps/{address}",
    guard=PARTNER,
    handler=list_stamps,
    summary="List the stamps of an address",
    description=(
        "Returns the stamps stored for the address, newest first, exactly as they were issued, "
        "including those that do not count toward any score. Follow `next` until it is null."
    ),
    tag="Stamps",
    is_compressed=True,
    parameters=[parameter for parameter in SCORE.parameters if parameter.name == "address"],
    query=[
        Parameter(
            "token",
            "Where the page starts, taken from the `next` and `prev` URLs; empty means the first "
            "page.",
            {"type": "string"},
            EXAMPLE_TOKEN,
            required=False,
        ),
        Parameter(
            "limit",
            "Maximum number of stamps on the page.",
            {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1000},
            EXAMPLE_LIMIT,
            required=False,
        ),
        Parameter(
            "include_metadata",
            "Whether to add each stamp's entry in the stamp catalogue: `true`, `1`, `yes`, `on`, "
            "or `false`, `0`, `no`, `off`; letter case does not matter.",
            {"type": "boolean", "default": False},
            example=True,
            required=False,
        ),
    ],
    success=ResponseDoc(200, "A page of stamps.", Page, EXAMPLE_PAGE),
    errors=(InvalidAddress, InvalidLimit, InvalidToken, CatalogueUnavailable),
)
