"""Stakes as responses show them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from passport_scorer.api.operations.examples import ADDRESS, OWNER_ADDRESS
from passport_scorer.db.queries.stakes import find_stakes
from passport_scorer.domain.decimals import plain
from passport_scorer.domain.stakes import Stake
from passport_scorer.domain.timestamps import iso
from passport_scorer.services import Services


class StakeItem(msgspec.Struct, frozen=True):
    """A stake.

    Attributes:
        chain: the chain ID.
        staker: the address that staked.
        stakee: the address that was staked on.
        amount: the amount in GTC, with 18 decimals.
        unlock_time: when the stake can be withdrawn.
        lock_time: when the stake was made.
        last_updated_in_block: the number of the block with the last change.
    """

    chain: int
    staker: str
    stakee: str
    amount: str
    unlock_time: str
    lock_time: str
    last_updated_in_block: int


class Stakes(msgspec.Struct, frozen=True):
    """The stakes by an address and on it.

    Attributes:
        items: the stakes; can be empty.
    """

    items: list[StakeItem]


async def stakes_of(services: Services, address: str) -> Stakes:
    """Return the stakes in which an address (in lower case) is staker or stakee.

    Raises:
        DatabaseUnavailable: the database did not answer in time.
    """
    return _shown(await find_stakes(services.database, address))


def _shown(stakes: Sequence[Stake]) -> Stakes:
    return Stakes(
        [
            StakeItem(
                chain=stake.chain,
                staker=stake.staker,
                stakee=stake.stakee,
                amount=plain(stake.amount),
                unlock_time=iso(stake.unlock_time),
                lock_time=iso(stake.lock_time),
                last_updated_in_block=int(stake.last_updated_in_block),
            )
            for stake in stakes
        ]
    )


STAKES_EXAMPLE = Stakes(
    [
        StakeItem(
            chain=1,
            staker=ADDRESS,
            stakee=ADDRESS,
            amount="1000.500000000000000000",
            unlock_time="2026-07-01T12:30:15+00:00",
            lock_time="2026-01-01T12:00:00+00:00",
            last_updated_in_block=12345678,
        )
    ]
)
OWNER_STAKES_EXAMPLE = Stakes(
    [
        msgspec.structs.replace(stake, staker=OWNER_ADDRESS, stakee=OWNER_ADDRESS)
        for stake in STAKES_EXAMPLE.items
    ]
)
