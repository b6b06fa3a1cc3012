"""The rows that `passport-scorer db check` looks at; no request waits for these statements."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from passport_scorer.db.statement import NoParameters, Query, Statements


class StoredRateLimit(msgspec.Struct, frozen=True):
    """A rate limit of an API key that is not revoked.

    Attributes:
        prefix: of the key.
        column_name: the column of the limit.
        rate_limit: as stored; neither empty nor in the plainest form.
    """

    prefix: str
    column_name: str
    rate_limit: str


class StoredText(msgspec.Struct, frozen=True):
    """A row, and the text by which requests look for it."""

    id: int
    text: str


class _FindDeployment(msgspec.Struct, frozen=True):
    """$1 of `check_deployment.sql`."""

    demo_addresses: list[str]


class StoredDeployment(msgspec.Struct, frozen=True):
    """The traces that a deployment left in the rows that it wrote.

    Attributes:
        is_foreign: another deployment has filled the database.
        has_later_nullifiers: nullifiers of version 1 are claimed.
        has_usage: the use of API keys was recorded.
        has_rate_limits: API keys that are not revoked have rate limits.
    """

    is_foreign: bool
    has_later_nullifiers: bool
    has_usage: bool
    has_rate_limits: bool


_FIND_RATE_LIMITS = Query("check_rate_limits", NoParameters, StoredRateLimit)
_FIND_UNUSUAL_BANS = Query("check_bans", NoParameters, StoredText)
_FIND_UNUSUAL_REVOCATIONS = Query("check_revocations", NoParameters, StoredText)
_FIND_DEPLOYMENT = Query("check_deployment", _FindDeployment, StoredDeployment)


async def find_rate_limits(database: Statements) -> list[StoredRateLimit]:
    """Return the rate limits of all API keys that are not revoked, except the plainest ones."""
    return await database.read(_FIND_RATE_LIMITS, NoParameters())


async def find_unusual_bans(database: Statements) -> list[StoredText]:
    """Return bans whose address is not in lower case; the first hundred thousand."""
    return await database.read(_FIND_UNUSUAL_BANS, NoParameters())


async def find_unusual_revocations(database: Statements) -> list[StoredText]:
    """Return revocations whose proof value is not `0x` and lower case; the first thousand."""
    return await database.read(_FIND_UNUSUAL_REVOCATIONS, NoParameters())


async def find_deployment(database: Statements, demo_addresses: Sequence[str]) -> StoredDeployment:
    """Return what the rows reveal about the deployment that wrote them.

    Args:
        database: a transaction.
        demo_addresses: the accounts of the demo, which belong to no deployment.
    """
    (found,) = await database.read(_FIND_DEPLOYMENT, _FindDeployment(list(demo_addresses)))
    return found
