"""`GET /internal/stake/gtc/{address}`: the stakes of an address, and those on it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.addresses import parse_checksummed_address
from passport_scorer.api.endpoint import Answer, Endpoint
from passport_scorer.api.internal.parameters import (
    CHECKSUMMED_ADDRESS,
    EXAMPLE_ADDRESS,
    invalid_address_answer,
)
from passport_scorer.api.internal_call import (
    INTERNAL_SECURITY,
    internal_answers,
    internal_endpoint,
)
from passport_scorer.api.responses import json_response
from passport_scorer.db.stake_queries import READ_STAKES, ReadStakesParameters, Stake
from passport_scorer.domain.decimals import plain
from passport_scorer.domain.times import iso
from passport_scorer.services import Services


class StakeItem(msgspec.Struct, frozen=True):
    """A stake.

    Attributes:
        chain: id of the chain.
        staker: who has staked.
        stakee: on whom.
        amount: in GTC, with 18 decimals.
        unlock_time: when it may be taken back.
        lock_time: when it was staked.
        last_updated_in_block: number of the block.
    """

    chain: int
    staker: str
    stakee: str
    amount: str
    unlock_time: str
    lock_time: str
    last_updated_in_block: int


class Stakes(msgspec.Struct, frozen=True):
    """The stakes of an address, and those on it.

    Attributes:
        items: may be none.
    """

    items: list[StakeItem]


@internal_endpoint
async def get_stakes(request: Request) -> Response:
    """Return the stakes in which the address is staker or stakee."""
    services: Services = request.app.state.services
    address = parse_checksummed_address(request.path_params["address"])
    rows = await services.database.read(READ_STAKES, ReadStakesParameters(address))
    return json_response(stakes(rows))


def stakes(rows: Sequence[Stake]) -> Stakes:
    """Return the answer for what was read."""
    return Stakes(
        [
            StakeItem(
                chain=row.chain,
                staker=row.staker,
                stakee=row.stakee,
                amount=plain(row.amount),
                unlock_time=iso(row.unlock_time),
                lock_time=iso(row.lock_time),
                last_updated_in_block=int(row.last_updated_in_block),
            )
            for row in rows
        ]
    )


STAKES_EXAMPLE = Stakes(
    [
        StakeItem(
            chain=1,
            staker=EXAMPLE_ADDRESS,
            stakee=EXAMPLE_ADDRESS,
            amount="1000.500000000000000000",
            unlock_time="2025-07-01T12:30:15+00:00",
            lock_time="2025-01-01T12:00:00+00:00",
            last_updated_in_block=12345678,
        )
    ]
)

STAKES = Endpoint(
    path="/internal/stake/gtc/{address}",
    handler=get_stakes,
    summary="Stakes of an address, and on it",
    description="An address without stakes has an empty list; that is no error.",
    tag="Stakes",
    security=INTERNAL_SECURITY,
    parameters=[CHECKSUMMED_ADDRESS],
    answers=[
        Answer(200, "The stakes.", Stakes, STAKES_EXAMPLE),
        invalid_address_answer(),
        *internal_answers(),
    ],
)
