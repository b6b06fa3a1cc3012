"""`GET /internal/stake/legacy-gtc/{address}/{round_id}`: stakes of an earlier round."""

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
from passport_scorer.api.http.problems import invalid_request_answer
from passport_scorer.api.http.requests import integer_path_parameter
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.schemas.parameters import (
    ADDRESS,
    EXAMPLE_ADDRESS,
    invalid_address_answer,
)
from passport_scorer.db.queries.stakes import find_legacy_stakes
from passport_scorer.domain.addresses import parse_address
from passport_scorer.domain.bounded_types import INTEGER
from passport_scorer.domain.decimals import plain
from passport_scorer.domain.stakes import LegacyStake
from passport_scorer.services import Services


class LegacyStakeEvent(msgspec.Struct, frozen=True):
    """Something that was staked, or taken back.

    Attributes:
        id: the id of the event.
        event_type: `SelfStake` or `xStaked`.
        round_id: the round.
        staker: the address that staked.
        address: the address on which it staked.
        amount: in GTC, with 18 decimals.
        staked: false if it was taken back.
        block_number: the number of the block.
        tx_hash: the hash of the transaction.
    """

    id: int
    event_type: str
    round_id: int
    staker: str
    address: str | None
    amount: str
    staked: bool
    block_number: int
    tx_hash: str


class LegacyStakes(msgspec.Struct, frozen=True):
    """The stakes of an address, and those on it, in one round.

    Attributes:
        results: the events; may be empty.
    """

    results: list[LegacyStakeEvent]


@internal_endpoint
async def get_legacy_stakes(request: Request) -> Response:
    """Return the events of a round in which the address is staker or staked on."""
    services: Services = request.app.state.services
    address = parse_address(request.path_params["address"])
    round_id = integer_path_parameter(request, "round_id", INTEGER)
    stakes = await find_legacy_stakes(services.database, address, round_id)
    return json_response(LegacyStakes([_event(stake) for stake in stakes]))


def _event(stake: LegacyStake) -> LegacyStakeEvent:
    members = msgspec.structs.asdict(stake)
    return LegacyStakeEvent(**{**members, "amount": plain(stake.amount)})


LEGACY_STAKES = Endpoint(
    path="/internal/stake/legacy-gtc/{address}/{round_id}",
    handler=get_legacy_stakes,
    summary="Stakes of an address, and on it, in an earlier round",
    description="Returns the events of the round; an empty list if there are none.",
    tag="Stakes",
    security=INTERNAL_SECURITY,
    is_compressed=True,
    parameters=[ADDRESS, Parameter("round_id", "The round.", INTEGER.schema(), 1)],
    answers=[
        Answer(
            200,
            "The events.",
            LegacyStakes,
            LegacyStakes(
                [
                    LegacyStakeEvent(
                        id=1,
                        event_type="SelfStake",
                        round_id=1,
                        staker=EXAMPLE_ADDRESS,
                        address=EXAMPLE_ADDRESS,
                        amount="125.500000000000000000",
                        staked=True,
                        block_number=1000,
                        tx_hash="0x" + "0" * 64,
                    )
                ]
            ),
        ),
        invalid_address_answer(),
        invalid_request_answer(),
        *internal_answers(),
    ],
)
