"""The data that partners read besides scores: their API key, earlier scores, pages of stamps.

Each statement returns the API key together with the rest, in one round trip. The rest is only
read if the caller's hash is one of the key's, so that a wrong secret costs only that lookup.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from passport_scorer.db.statement import NoRows, Query, Statements
from passport_scorer.domain.api_key import ApiKey
from passport_scorer.domain.pagination import Cursor, PagedStamp, StampsPage
from passport_scorer.domain.score_history import HistoricalScore


class _FindApiKey(msgspec.Struct, frozen=True):
    """$1 of `read_api_key.sql`."""

    key_prefix: str


class _FindScoreEvent(msgspec.Struct, frozen=True):
    """$1 to $6 of `read_score_event.sql`."""

    key_prefix: str
    external_scorer_id: str | None
    scorer_id: int | None
    address: str
    created_at: datetime
    key_hash: str


class _ScoreEvent(ApiKey, frozen=True):
    """The one row of `read_score_event.sql`; null: no such community or event."""

    community_id: int | None
    data: str | None


class _FindStampsPage(msgspec.Struct, frozen=True):
    """$1 to $6 of `read_stamps_page.sql`."""

    key_prefix: str
    address: str
    id: int
    is_above: bool
    limit: int
    key_hash: str


class _StampsPage(ApiKey, frozen=True):
    """The one row of `read_stamps_page.sql`; the arrays are null if the page is empty."""

    ids: list[int] | None
    providers: list[str] | None
    documents: list[str] | None
    has_newer: bool
    has_older: bool


class _StoreSha256Hash(msgspec.Struct, frozen=True):
    """$1 and $2 of `store_sha256_hash.sql`."""

    key_id: str
    hashed_key_sha256: str


_FIND_API_KEY = Query("read_api_key", _FindApiKey, ApiKey)
_FIND_SCORE_EVENT = Query("read_score_event", _FindScoreEvent, _ScoreEvent)
_FIND_STAMPS_PAGE = Query("read_stamps_page", _FindStampsPage, _StampsPage)
_STORE_SHA256_HASH = Query("store_sha256_hash", _StoreSha256Hash, NoRows)


async def find_api_key(database: Statements, prefix: str) -> ApiKey | None:
    """Return the API key with a prefix; None if there is no such key."""
    rows = await database.read(_FIND_API_KEY, _FindApiKey(prefix))
    return rows[0] if rows else None


async def find_historical_score(
    database: Statements,
    *,
    key_prefix: str,
    key_hash: str,
    external_scorer_id: str | None,
    scorer_id: int | None,
    address: str,
    created_at: datetime,
) -> HistoricalScore:
    """Return the newest score of an address at or before a time, and the partner's API key.

    Args:
        database: the pool, or a transaction.
        key_prefix: the prefix of the API key.
        key_hash: what the caller's key hashes to.
        external_scorer_id: the community's external id, which is tried first; None: none.
        scorer_id: the community's id; None: none.
        address: in lower case.
        created_at: aware.
    """
    rows = await database.read(
        _FIND_SCORE_EVENT,
        _FindScoreEvent(key_prefix, external_scorer_id, scorer_id, address, created_at, key_hash),
    )
    if not rows:
        return HistoricalScore(None)
    return HistoricalScore(_key(rows[0]), rows[0].community_id, rows[0].data)


async def find_stamps_page(
    database: Statements,
    *,
    key_prefix: str,
    key_hash: str,
    address: str,
    cursor: Cursor,
    limit: int,
) -> StampsPage:
    """Return a page of the stamps of an address, newest first, and the partner's API key.

    Args:
        database: the pool, or a transaction.
        key_prefix: the prefix of the API key.
        key_hash: what the caller's key hashes to.
        address: in lower case.
        cursor: where the page begins.
        limit: maximum number of stamps.
    """
    is_above = cursor.d == "prev"
    parameters = _FindStampsPage(key_prefix, address, cursor.id, is_above, limit, key_hash)
    rows = await database.read(_FIND_STAMPS_PAGE, parameters)
    if not rows:
        return StampsPage(None)
    row = rows[0]
    columns = zip(row.ids or (), row.providers or (), row.documents or (), strict=True)
    stamps = [PagedStamp(*stamp) for stamp in columns]
    return StampsPage(_key(row), stamps, has_newer=row.has_newer, has_older=row.has_older)


async def store_sha256_hash(database: Statements, *, key_id: str, hashed_key: str) -> None:
    """Store the SHA-256 hash of an API key that has none yet."""
    await database.fetch(_STORE_SHA256_HASH, _StoreSha256Hash(key_id, hashed_key))


def _key(row: ApiKey) -> ApiKey:
    """Return the columns of the key alone."""
    return ApiKey(*(getattr(row, name) for name in ApiKey.__struct_fields__))
