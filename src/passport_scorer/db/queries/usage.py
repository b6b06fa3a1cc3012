"""What is written of API keys and their use: `account_accountapikey…`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from passport_scorer.db.statement import NoRows, Query


class StoreSha256HashParameters(msgspec.Struct, frozen=True):
    """$1 and $2 of `store_sha256_hash.sql`."""

    key_id: str
    hashed_key_sha256: str


class Usage(msgspec.Struct, frozen=True, gc=False):
    """A row of `account_accountapikeyanalytics`; members that end in `_json` are JSON texts."""

    api_key_id: str
    created_at: datetime
    path: str
    base_path: str
    path_segments_json: str
    query_params_json: str
    headers_json: str
    payload_json: str | None
    response_json: str | None
    response_skipped: bool
    error: str | None
    status_code: int


class WriteUsageWithoutIdsParameters(msgspec.Struct, frozen=True):
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


class WriteUsageParameters(WriteUsageWithoutIdsParameters, frozen=True):
    """$1 to $13 of `write_usage.sql`: the same, and the ids of the rows."""

    id: list[int]


class AllocateUsageIdsParameters(msgspec.Struct, frozen=True):
    """$1 of `allocate_usage_ids.sql`."""

    count: int


class AllocatedId(msgspec.Struct, frozen=True):
    """An id for a new row."""

    id: int | None


class WrittenId(msgspec.Struct, frozen=True):
    """The id of a row that was written."""

    id: int


STORE_SHA256_HASH = Query("store_sha256_hash", StoreSha256HashParameters, NoRows)
ALLOCATE_USAGE_IDS = Query("allocate_usage_ids", AllocateUsageIdsParameters, AllocatedId)
WRITE_USAGE = Query("write_usage", WriteUsageParameters, WrittenId)
WRITE_USAGE_WITHOUT_IDS = Query("write_usage_without_ids", WriteUsageWithoutIdsParameters, NoRows)


def write_usage_parameters(rows: Sequence[Usage], ids: Sequence[int]) -> WriteUsageParameters:
    """Return the parameters that write these rows under these ids, one for each."""
    columns = [*_columns(rows), list(ids)]
    return WriteUsageParameters(*columns)


def write_usage_without_ids_parameters(
    rows: Sequence[Usage],
) -> WriteUsageWithoutIdsParameters:
    """Return the parameters that write these rows; at least one."""
    return WriteUsageWithoutIdsParameters(*_columns(rows))


def _columns(rows: Sequence[Usage]) -> list[Any]:
    columns = zip(*map(msgspec.structs.astuple, rows), strict=True)
    return [list(column) for column in columns]
