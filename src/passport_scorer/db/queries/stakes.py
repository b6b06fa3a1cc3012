"""Stakes: `stake_stake`, and `registry_gtcstakeevent` of earlier rounds."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from passport_scorer.db.statement import Query


class ReadStakesParameters(msgspec.Struct, frozen=True):
    """$1 of `read_stakes.sql`: an address in lower case."""

    address: str


class Stake(msgspec.Struct, frozen=True):
    """A row of `stake_stake`."""

    chain: int
    staker: str
    stakee: str
    amount: Decimal
    unlock_time: datetime
    lock_time: datetime
    last_updated_in_block: Decimal


class ReadLegacyStakesParameters(msgspec.Struct, frozen=True):
    """$1 and $2 of `read_legacy_stakes.sql`: an address in lower case, and a round."""

    address: str
    round_id: int


class LegacyStake(msgspec.Struct, frozen=True):
    """A row of `registry_gtcstakeevent`."""

    id: int
    event_type: str
    round_id: int
    staker: str
    address: str | None
    amount: Decimal
    staked: bool
    block_number: int
    tx_hash: str


READ_STAKES = Query("read_stakes", ReadStakesParameters, Stake)
READ_LEGACY_STAKES = Query("read_legacy_stakes", ReadLegacyStakesParameters, LegacyStake)
