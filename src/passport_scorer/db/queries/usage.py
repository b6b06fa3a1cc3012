"""The use of API keys: `account_accountapikeyanalytics`.

Rows are sent as one JSON document. As an array for each column they would take the driver twice the
time, since it looks at each element of an array in Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import repeat

import msgspec

from passport_scorer.db.statement import NoRows, Query, Statements
from passport_scorer.domain.usage import Usage

_JSON = msgspec.json.Encoder()


class _UsageRow(msgspec.Struct, frozen=True, gc=False):
    """A row as JSON, with the names of the columns."""

    id: int | None
    api_key_id: str
    created_at: datetime
    path: str
    base_path: str
    path_segments: msgspec.Raw
    query_params: msgspec.Raw
    headers: msgspec.Raw
    payload: msgspec.Raw | None
    response: msgspec.Raw | None
    response_skipped: bool
    error: str | None
    status_code: int


class _InsertUsage(msgspec.Struct, frozen=True):
    """$1 of `write_usage.sql` and `write_usage_without_ids.sql`: a JSON array of `_UsageRow`."""

    rows: str


class _AllocateUsageIds(msgspec.Struct, frozen=True):
    """$1 of `allocate_usage_ids.sql`."""

    count: int


class _AllocatedIds(msgspec.Struct, frozen=True):
    """The row of `allocate_usage_ids.sql`; null if the column has no sequence."""

    ids: list[int] | None


class _InsertedId(msgspec.Struct, frozen=True):
    """A row of `write_usage.sql`."""

    id: int


_ALLOCATE_USAGE_IDS = Query("allocate_usage_ids", _AllocateUsageIds, _AllocatedIds)
_INSERT_USAGE = Query("write_usage", _InsertUsage, _InsertedId)
_INSERT_USAGE_WITHOUT_IDS = Query("write_usage_without_ids", _InsertUsage, NoRows)


async def allocate_usage_ids(database: Statements, count: int) -> list[int]:
    """Allocate ids for new rows; return an empty list if the column has no sequence."""
    (row,) = await database.fetch(_ALLOCATE_USAGE_IDS, _AllocateUsageIds(count))
    return row.ids or []


async def insert_usage(database: Statements, rows: Sequence[Usage], ids: Sequence[int]) -> set[int]:
    """Insert rows under these ids, one for each; return the ids that were not taken."""
    document = _json([_row(usage, new_id) for usage, new_id in zip(rows, ids, strict=True)])
    inserted = await database.fetch(_INSERT_USAGE, _InsertUsage(document))
    return {row.id for row in inserted}


async def insert_usage_without_ids(database: Statements, rows: Sequence[Usage]) -> None:
    """Insert rows, at least one; the database gives them ids."""
    document = _json([*map(_row, rows, repeat(None))])
    await database.fetch(_INSERT_USAGE_WITHOUT_IDS, _InsertUsage(document))


def _row(usage: Usage, row_id: int | None) -> _UsageRow:
    return _UsageRow(
        row_id,
        usage.api_key_id,
        usage.created_at,
        usage.path,
        usage.base_path,
        msgspec.Raw(usage.path_segments_json),
        msgspec.Raw(usage.query_params_json),
        msgspec.Raw(usage.headers_json),
        _raw(usage.payload_json),
        _raw(usage.response_json),
        usage.response_skipped,
        usage.error,
        usage.status_code,
    )


def _raw(json: str | None) -> msgspec.Raw | None:
    return None if json is None else msgspec.Raw(json)


def _json(rows: Sequence[_UsageRow]) -> str:
    return _JSON.encode(rows).decode()
