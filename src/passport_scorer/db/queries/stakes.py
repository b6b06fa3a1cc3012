"""Stakes: `stake_stake`, and `registry_gtcstakeevent` of earlier rounds."""

from __future__ import annotations

import msgspec

from passport_scorer.db.statement import Query, Statements
from passport_scorer.domain.stakes import LegacyStake, Stake


class _FindStakes(msgspec.Struct, frozen=True):
    """$1 of `read_stakes.sql`."""

    address: str


class _FindLegacyStakes(msgspec.Struct, frozen=True):
    """$1 and $2 of `read_legacy_stakes.sql`."""

    address: str
    round_id: int


_FIND_STAKES = Query("read_stakes", _FindStakes, Stake)
_FIND_LEGACY_STAKES = Query("read_legacy_stakes", _FindLegacyStakes, LegacyStake)


async def find_stakes(database: Statements, address: str) -> list[Stake]:
    """Return the stakes by an address and on it (lower case)."""
    return await database.read(_FIND_STAKES, _FindStakes(address))


async def find_legacy_stakes(
    database: Statements, address: str, round_id: int
) -> list[LegacyStake]:
    """Return the stakes by an address and on it (lower case) in an earlier round."""
    return await database.read(_FIND_LEGACY_STAKES, _FindLegacyStakes(address, round_id))
