"""What two deployments left in their tables: every row, without surrogate ids, in key order.

Texts are ordered by their bytes (`COLLATE "C"`), so that both sides and the reader agree
whatever the databases' own collations are. The rows are read through cursors.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from passport_scorer.db.statement import NoParameters, Query


class PassportRow(msgspec.Struct, frozen=True):
    """A row of `registry_passport`."""

    address: str | None
    community_id: int | None
    requires_calculation: bool | None


class ScoreRow(msgspec.Struct, frozen=True):
    """A row of `registry_score`."""

    address: str | None
    community_id: int | None
    score: Decimal | None
    status: str | None
    error: str | None
    last_score_timestamp: datetime | None
    expiration_date: datetime | None
    evidence: str | None
    stamp_scores: str | None
    stamps: str | None


class RegistryStampRow(msgspec.Struct, frozen=True):
    """A row of `registry_stamp`; of the credential, the digest of its text."""

    address: str | None
    community_id: int | None
    provider: str
    credential_md5: str


class LinkRow(msgspec.Struct, frozen=True):
    """A row of `registry_hashscorerlink`."""

    hash: str
    community_id: int
    address: str
    expires_at: datetime


class EventRow(msgspec.Struct, frozen=True):
    """A row of `registry_event`."""

    address: str
    action: str
    community_id: int | None
    created_at: datetime
    data: str


class PointsRow(msgspec.Struct, frozen=True):
    """A row of `registry_humanpoints`."""

    address: str
    action: str
    chain_id: int
    provider: str
    tx_hash: str
    timestamp: datetime


class QualifiedUserRow(msgspec.Struct, frozen=True):
    """A row of `registry_humanpointscommunityqualifiedusers`."""

    address: str
    community_id: int


class MultiplierRow(msgspec.Struct, frozen=True):
    """A row of `registry_humanpointsmultiplier`."""

    address: str
    multiplier: int


class StoredStampRow(msgspec.Struct, frozen=True):
    """A row of `ceramic_cache_ceramiccache`; of the stamp, the digest of its text."""

    address: str | None
    provider: str
    type: int
    proof_value: str
    stamp_md5: str
    created_at: datetime | None
    updated_at: datetime
    deleted_at: datetime | None
    compose_db_save_status: str
    compose_db_stream_id: str
    expiration_date: datetime | None
    issuance_date: datetime | None
    source_app: int | None
    source_scorer_id: int | None


class UsageRow(msgspec.Struct, frozen=True):
    """A row of `account_accountapikeyanalytics`."""

    api_key_id: str
    path: str
    base_path: str | None
    path_segments: str | None
    query_params: str | None
    status_code: int | None
    error: str | None
    headers: str | None
    payload: str | None
    response: str | None
    response_skipped: bool | None
    created_at: datetime | None


class KeyRow(msgspec.Struct, frozen=True):
    """A row of `account_accountapikey`: whether its fast hash is there, never a hash."""

    prefix: str
    account_id: int
    revoked: bool
    migrated: bool


class NonceRow(msgspec.Struct, frozen=True):
    """A row of `account_nonce`."""

    nonce: str
    was_used: bool
    created_on: datetime
    expires_on: datetime | None


def _query(name: str, row: type[msgspec.Struct]) -> Query[NoParameters, msgspec.Struct]:
    return Query(f"compare_{name}", NoParameters, row)


class ComparedTable(msgspec.Struct, frozen=True):
    """A table, how it is read, and what tells its rows apart.

    Attributes:
        name: of the table.
        query: reads it, ordered by `key`.
        key: columns; rows that have them in common are compared as a set.
        json: columns whose texts are JSON.
    """

    name: str
    query: Query[NoParameters, msgspec.Struct]
    key: tuple[str, ...]
    json: frozenset[str] = frozenset()


COMPARED_TABLES = (
    ComparedTable(
        "registry_passport", _query("passports", PassportRow), ("address", "community_id")
    ),
    ComparedTable(
        "registry_score",
        _query("scores", ScoreRow),
        ("address", "community_id"),
        frozenset({"evidence", "stamp_scores", "stamps"}),
    ),
    ComparedTable(
        "registry_stamp",
        _query("registry_stamps", RegistryStampRow),
        ("address", "community_id", "provider"),
    ),
    ComparedTable("registry_hashscorerlink", _query("links", LinkRow), ("hash", "community_id")),
    ComparedTable(
        "registry_event",
        _query("events", EventRow),
        ("address", "action", "community_id"),
        frozenset({"data"}),
    ),
    ComparedTable(
        "registry_humanpoints",
        _query("points", PointsRow),
        ("address", "action", "chain_id", "provider", "tx_hash"),
    ),
    ComparedTable(
        "registry_humanpointscommunityqualifiedusers",
        _query("qualified_users", QualifiedUserRow),
        ("address", "community_id"),
    ),
    ComparedTable(
        "registry_humanpointsmultiplier", _query("multipliers", MultiplierRow), ("address",)
    ),
    ComparedTable(
        "ceramic_cache_ceramiccache",
        _query("stored_stamps", StoredStampRow),
        ("address", "provider"),
    ),
    ComparedTable(
        "account_accountapikeyanalytics",
        _query("usage", UsageRow),
        ("api_key_id", "path"),
        frozenset({"path_segments", "query_params", "headers", "payload", "response"}),
    ),
    ComparedTable("account_accountapikey", _query("keys", KeyRow), ("prefix",)),
    ComparedTable("account_nonce", _query("nonces", NonceRow), ("nonce",)),
)
