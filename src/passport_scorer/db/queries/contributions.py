"""Contributions to grants: the tables `cgrants_…`."""

from __future__ import annotations

import msgspec

from passport_scorer.db.statement import Query
from passport_scorer.domain.contributions import Contributions


class ReadContributionsParameters(msgspec.Struct, frozen=True):
    """$1 of `read_contributions.sql`: an address in lower case."""

    address: str


READ_CONTRIBUTIONS = Query("read_contributions", ReadContributionsParameters, Contributions)
