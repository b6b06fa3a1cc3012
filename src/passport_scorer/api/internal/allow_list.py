"""`GET /internal/allow-list/{list}/{address}`: is an address on a list?"""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.internal import INTERNAL, InternalCall
from passport_scorer.api.http.endpoint import Endpoint, Parameter, ResponseDoc
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.schemas.parameters import ADDRESS
from passport_scorer.db.queries.customization import is_list_member
from passport_scorer.domain.addresses import is_address
from passport_scorer.domain.bounded_types import LONGEST_NAME, is_storable


class AllowListMembership(msgspec.Struct, frozen=True):
    """The membership of an address in a list.

    Attributes:
        is_member: whether the list contains the address; false if the list does not exist or the
            address is invalid.
    """

    is_member: bool


async def get_allow_list_membership(call: InternalCall) -> Response:
    """Return whether the address is on the list."""
    name, address = call.path["list"], call.path["address"]
    if not is_storable(name, LONGEST_NAME) or not is_address(address):
        return json_response(AllowListMembership(is_member=False))
    database = call.services.database
    is_member = await is_list_member(database, list_name=name, address=address.lower())
    return json_response(AllowListMembership(is_member))


ALLOW_LIST = Endpoint(
    path="/internal/allow-list/{list}/{address}",
    guard=INTERNAL,
    handler=get_allow_list_membership,
    summary="Is an address on a list?",
    description="Returns `false` for an unknown list or an invalid address.",
    tag="Customizations",
    parameters=[
        Parameter("list", "The name of the list.", {"type": "string"}, "testlist"),
        ADDRESS,
    ],
    success=ResponseDoc(
        200,
        "The membership of the address.",
        AllowListMembership,
        AllowListMembership(is_member=True),
    ),
)
