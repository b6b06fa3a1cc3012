"""The use of API keys: `account_accountapikeyanalytics`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from passport_scorer.db.statement import NoRows, Query, Statements
from passport_scorer.domain.usage import Usage


class _InsertUsageWithoutIds(msgspec.Struct, frozen=True):
    """$1 to $12 of `write_usage_without_ids.sql`: the columns of the rows."""

    api_key_id: list[str]
    created_at: list[datetime]
    path: list[str]
    base_path: list[str]
    path_segments: list[str]
    query_params: list[str]
    headers: list[str]
    payload: list[str | None]
    response: list[str | None]
    response_skipped: list[bool]
    error: list[str | None]
    status_code: list[int]


class _InsertUsage(_InsertUsageWithoutIds, frozen=True):
    """$1 to $13 of `write_usage.sql`: the columns of the rows, and their ids."""

    id: list[int]


class _AllocateUsageIds(msgspec.Struct, frozen=True):
    """$1 of `allocate_usage_ids.sql`."""

    count: int


class _AllocatedId(msgspec.Struct, frozen=True):
    """A row of `allocate_usage_ids.sql`; null if the column has no sequence."""

    id: int | None


class _InsertedId(msgspec.Struct, frozen=True):
    """A row of `write_usage.sql`."""

    id: int


_ALLOCATE_USAGE_IDS = Query("allocate_usage_ids", _AllocateUsageIds, _AllocatedId)
_INSERT_USAGE = Query("write_usage", _InsertUsage, _InsertedId)
_INSERT_USAGE_WITHOUT_IDS = Query("write_usage_without_ids", _InsertUsageWithoutIds, NoRows)


async def allocate_usage_ids(database: Statements, count: int) -> list[int]:
    """Allocate ids for new rows; return an empty list if the column has no sequence."""
    rows = await database.fetch(_ALLOCATE_USAGE_IDS, _AllocateUsageIds(count))
    return [row.id for row in rows if row.id is not None]


async def insert_usage(database: Statements, rows: Sequence[Usage], ids: Sequence[int]) -> set[int]:
    """Insert rows under these ids, one for each; return the ids that were not taken."""
    columns = [*_columns(rows), list(ids)]
    inserted = await database.fetch(_INSERT_USAGE, _InsertUsage(*columns))
    return {row.id for row in inserted}


async def insert_usage_without_ids(database: Statements, rows: Sequence[Usage]) -> None:
    """Insert rows, at least one; the database gives them ids."""
    await database.fetch(_INSERT_USAGE_WITHOUT_IDS, _InsertUsageWithoutIds(*_columns(rows)))


def _columns(rows: Sequence[Usage]) -> list[Any]:
    columns = zip(*map(msgspec.structs.astuple, rows), strict=True)
    return [list(column) for column in columns]
