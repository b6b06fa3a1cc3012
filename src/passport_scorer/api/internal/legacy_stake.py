"""`GET /internal/stake/legacy-gtc/{address}/{round_id}`: stakes in an earlier round."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.internal import INTERNAL, InternalCall
from passport_scorer.api.http.endpoint import Endpoint, Parameter, ResponseDoc
from passport_scorer.api.http.errors import InvalidRequest
from passport_scorer.api.http.requests import integer_path_parameter
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.schemas.parameters import ADDRESS, EXAMPLE_ADDRESS
from passport_scorer.db.queries.stakes import find_legacy_stakes
from passport_scorer.domain.addresses import InvalidAddress, parse_address
from passport_scorer.domain.bounded_types import INTEGER
from passport_scorer.domain.decimals import plain
from passport_scorer.domain.stakes import LegacyStake


class LegacyStakeEvent(msgspec.Struct, frozen=True):
    """A stake, or the withdrawal of one.

    Attributes:
        id: the ID of the event.
        event_type: `SelfStake` or `xStaked`.
        round_id: the number of the round.
        staker: the address that staked.
        address: the address that was staked on.
        amount: the amount in GTC, with 18 decimals.
        staked: false for a withdrawal.
        block_number: the block number.
        tx_hash: the transaction hash.
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
    """The stakes by an address and on it in one round.

    Attributes:
        results: the events; can be empty.
    """

    results: list[LegacyStakeEvent]


async def get_legacy_stakes(call: InternalCall) -> Response:
    """Return the events of a round in which the address staked or was staked on."""
    address = parse_address(call.path["address"])
    round_id = integer_path_parameter(call.request, "round_id", INTEGER)
    stakes = await find_legacy_stakes(call.services.database, address, round_id)
    return json_response(LegacyStakes([_event(stake) for stake in stakes]))


def _event(stake: LegacyStake) -> LegacyStakeEvent:
    members = msgspec.structs.asdict(stake)
    return LegacyStakeEvent(**{**members, "amount": plain(stake.amount)})


LEGACY_STAKES = Endpoint(
    path="/internal/stake/legacy-gtc/{address}/{round_id}",
    guard=INTERNAL,
    handler=get_legacy_stakes,
    summary="List the stakes by an address and on it in an earlier round",
    description="Returns the events of the round; the list can be empty.",
    tag="Stakes",
    is_compressed=True,
    parameters=[ADDRESS, Parameter("round_id", "The number of the round.", INTEGER.schema(), 1)],
    success=ResponseDoc(
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
    errors=(InvalidAddress, InvalidRequest),
)
