"""`GET /internal/allow-list/{list}/{address}`: is an address on a list?"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.internal import (
    INTERNAL_SECURITY,
    internal_answers,
    internal_endpoint,
)
from passport_scorer.api.http.endpoint import Answer, Endpoint, Parameter
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.schemas.parameters import ADDRESS
from passport_scorer.db.queries.customization import is_list_member
from passport_scorer.domain.addresses import is_address
from passport_scorer.domain.bounded_types import LONGEST_NAME, is_storable
from passport_scorer.services import Services


class AllowListMembership(msgspec.Struct, frozen=True):
    """Whether an address is on a list.

    Attributes:
        is_member: whether the list has the address; false if the list does not exist or the
            address is invalid.
    """

    is_member: bool


@internal_endpoint
async def get_allow_list_membership(request: Request) -> Response:
    """Answer whether the address is on the list."""
    services: Services = request.app.state.services
    name, address = request.path_params["list"], request.path_params["address"]
    if not is_storable(name, LONGEST_NAME) or not is_address(address):
        return json_response(AllowListMembership(is_member=False))
    is_member = await is_list_member(services.database, list_name=name, address=address.lower())
    return json_response(AllowListMembership(is_member))


ALLOW_LIST = Endpoint(
    path="/internal/allow-list/{list}/{address}",
    handler=get_allow_list_membership,
    summary="Is an address on a list?",
    description="An unknown list or an invalid address is answered with `false`.",
    tag="Customizations",
    security=INTERNAL_SECURITY,
    parameters=[
        Parameter("list", "The name of the list.", {"type": "string"}, "testlist"),
        ADDRESS,
    ],
    answers=[
        Answer(200, "Whether it is.", AllowListMembership, AllowListMembership(is_member=True)),
        *internal_answers(),
    ],
)
