"""The nonces of the sign-in: `account_nonce`."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from passport_scorer.db.statement import Query, Statements

_NEVER = datetime.fromtimestamp(0, UTC)


class _InsertNonce(msgspec.Struct, frozen=True):
    """$1 to $5 of `create_nonce.sql`."""

    nonce: str
    created_on: datetime
    expires_on: datetime
    position: int
    old: datetime


class _Cleaned(msgspec.Struct, frozen=True):
    """The one row of `create_nonce.sql`."""

    position: int


class _UseNonce(msgspec.Struct, frozen=True):
    """$1 and $2 of `use_nonce.sql`."""

    nonce: str
    now: datetime


class _UsedNonce(msgspec.Struct, frozen=True):
    """A row of `use_nonce.sql`."""

    id: int


_INSERT_NONCE = Query("create_nonce", _InsertNonce, _Cleaned)
_USE_NONCE = Query("use_nonce", _UseNonce, _UsedNonce)


async def insert_nonce(
    database: Statements,
    nonce: str,
    *,
    created_on: datetime,
    expires_on: datetime,
    position: int = 0,
    old: datetime = _NEVER,
) -> int:
    """Insert an unused nonce, and delete a few old ones.

    Args:
        database: the pool, or a transaction.
        nonce: up to 60 characters.
        created_on: aware.
        expires_on: aware.
        position: the id after which to look for old nonces.
        old: nonces that expired before this time (aware) are old; by default there are none.

    Returns:
        The position for the next call.
    """
    parameters = _InsertNonce(nonce, created_on, expires_on, position, old)
    (cleaned,) = await database.fetch(_INSERT_NONCE, parameters)
    return cleaned.position


async def use_nonce(database: Statements, nonce: str, now: datetime) -> bool:
    """Mark a nonce as used; return False if it is unknown, used, or expired at `now` (aware)."""
    return bool(await database.fetch(_USE_NONCE, _UseNonce(nonce, now)))
