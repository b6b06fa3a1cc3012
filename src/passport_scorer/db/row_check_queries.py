"""What `passport-scorer db check` reads of rows; statements that no request waits for."""

from __future__ import annotations

import msgspec

from passport_scorer.db.query import NoParameters, Query


class KeyLimitRow(msgspec.Struct, frozen=True):
    """A row of `check_rate_limits.sql`: one rate limit of an API key that may be used."""

    prefix: str
    column_name: str
    rate_limit: str


CHECK_RATE_LIMITS = Query("check_rate_limits", NoParameters, KeyLimitRow)
