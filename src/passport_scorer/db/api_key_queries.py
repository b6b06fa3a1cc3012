"""What is written of API keys and their use: `account_accountapikey…`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from passport_scorer.db.query import NoRows, Query


class StoreFastHashParameters(msgspec.Struct, frozen=True):
    """$1 and $2 of `store_fast_hash.sql`."""

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


class WriteUsageParameters(msgspec.Struct, frozen=True):
    """$1 to $12 of `write_usage.sql`: the columns of the rows."""

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


STORE_FAST_HASH = Query("store_fast_hash", StoreFastHashParameters, NoRows)
WRITE_USAGE = Query("write_usage", WriteUsageParameters, NoRows)


def write_usage_parameters(rows: Sequence[Usage]) -> WriteUsageParameters:
    """Return the parameters that write these rows."""
    columns = zip(*map(msgspec.structs.astuple, rows), strict=True)
    return WriteUsageParameters(*map(list, columns))
