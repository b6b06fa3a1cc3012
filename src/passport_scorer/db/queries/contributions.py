"""Contributions to grants: the tables `cgrants_…`."""

from __future__ import annotations

import msgspec

from passport_scorer.db.statement import Query, Statements
from passport_scorer.domain.contributions import Contributions


class _SumContributions(msgspec.Struct, frozen=True):
    """$1 of `read_contributions.sql`."""

    address: str


_SUM_CONTRIBUTIONS = Query("read_contributions", _SumContributions, Contributions)


async def sum_contributions(database: Statements, address: str) -> Contributions:
    """Return the sums of an address's contributions (lower case); zeros if it has made none."""
    (sums,) = await database.read(_SUM_CONTRIBUTIONS, _SumContributions(address))
    return sums
