"""Stakes in GTC, on oneself and on others. Source: docs/rules/internal-api.md, "Stakes"."""

from datetime import datetime
from decimal import Decimal

import msgspec


class Stake(msgspec.Struct, frozen=True):
    """A stake.

    Attributes:
        chain: the id of the chain.
        staker: the address that staked, in lower case.
        stakee: the address it staked on, in lower case.
        amount: in GTC.
        unlock_time: when the stake can be withdrawn; aware.
        lock_time: when it was staked; aware.
        last_updated_in_block: the number of the block of the last change.
    """

    chain: int
    staker: str
    stakee: str
    amount: Decimal
    unlock_time: datetime
    lock_time: datetime
    last_updated_in_block: Decimal


class LegacyStake(msgspec.Struct, frozen=True):
    """A staking event of an earlier round.

    Attributes:
        id: the id of the event.
        event_type: `SelfStake` or `xStaked`.
        round_id: the round.
        staker: the address that staked.
        address: the address it staked on; None for a stake on itself.
        amount: in GTC.
        staked: False if the stake was withdrawn.
        block_number: the number of the block.
        tx_hash: the hash of the transaction.
    """

    id: int
    event_type: str
    round_id: int
    staker: str
    address: str | None
    amount: Decimal
    staked: bool
    block_number: int
    tx_hash: str
