"""What `passport-scorer db check` reads of rows; statements that no request waits for."""

from __future__ import annotations

import msgspec

from passport_scorer.db.statement import NoParameters, Query


class KeyLimitRow(msgspec.Struct, frozen=True):
    """A row of `check_rate_limits.sql`: one rate limit of an API key that may be used."""

    prefix: str
    column_name: str
    rate_limit: str


class TextRow(msgspec.Struct, frozen=True):
    """A row whose text requests search for: of `check_bans.sql` and `check_revocations.sql`."""

    id: int
    text: str


class DeploymentParameters(msgspec.Struct, frozen=True):
    """$1 of `check_deployment.sql`: the addresses of the demo's accounts."""

    demo_addresses: list[str]


class DeploymentRow(msgspec.Struct, frozen=True):
    """The one row of `check_deployment.sql`.

    Attributes:
        is_foreign: another deployment has filled the database.
        has_later_nullifiers: there are claims of nullifiers of version 1.
        has_usage: the use of API keys was recorded.
        has_rate_limits: API keys that may be used have rate limits.
    """

    is_foreign: bool
    has_later_nullifiers: bool
    has_usage: bool
    has_rate_limits: bool


CHECK_RATE_LIMITS = Query("check_rate_limits", NoParameters, KeyLimitRow)
CHECK_BANS = Query("check_bans", NoParameters, TextRow)
CHECK_REVOCATIONS = Query("check_revocations", NoParameters, TextRow)
CHECK_DEPLOYMENT = Query("check_deployment", DeploymentParameters, DeploymentRow)
