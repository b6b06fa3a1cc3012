"""Every row that two deployments wrote, without surrogate ids, in key order.

Texts are ordered by their bytes (`COLLATE "C"`), so that both sides and the reader agree
whatever the databases' own collations are. The rows are read through cursors.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from passport_scorer.db.statement import NoParameters, Query


class _Passport(msgspec.Struct, frozen=True):
    """A row of `registry_passport`."""

    address: str | None
    community_id: int | None
    requires_calculation: bool | None


class _Score(msgspec.Struct, frozen=True):
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


class _RegistryStamp(msgspec.Struct, frozen=True):
    """A row of `registry_stamp`; of the credential, the digest of its text."""

    address: str | None
    community_id: int | None
    provider: str
    credential_md5: str


class _Link(msgspec.Struct, frozen=True):
    """A row of `registry_hashscorerlink`."""

    hash: str
    community_id: int
    address: str
    expires_at: datetime


class _Event(msgspec.Struct, frozen=True):
    """A row of `registry_event`."""

    address: str
    action: str
    community_id: int | None
    created_at: datetime
    data: str


class _Points(msgspec.Struct, frozen=True):
    """A row of `registry_humanpoints`."""

    address: str
    action: str
    chain_id: int
    provider: str
    tx_hash: str
    timestamp: datetime


class _QualifiedUser(msgspec.Struct, frozen=True):
    """A row of `registry_humanpointscommunityqualifiedusers`."""

    address: str
    community_id: int


class _Multiplier(msgspec.Struct, frozen=True):
    """A row of `registry_humanpointsmultiplier`."""

    address: str
    multiplier: int


class _StoredStamp(msgspec.Struct, frozen=True):
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


class _Usage(msgspec.Struct, frozen=True):
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


class _Key(msgspec.Struct, frozen=True):
    """A row of `account_accountapikey`: whether it has a SHA-256 hash, never a hash itself."""

    prefix: str
    account_id: int
    revoked: bool
    migrated: bool


class _Nonce(msgspec.Struct, frozen=True):
    """A row of `account_nonce`."""

    nonce: str
    was_used: bool
    created_on: datetime
    expires_on: datetime | None


def _query(name: str, row: type[msgspec.Struct]) -> Query[NoParameters, msgspec.Struct]:
    return Query(f"compare_{name}", NoParameters, row)


class ComparedTable(msgspec.Struct, frozen=True):
    """A table, the statement that reads it, and its key.

    Attributes:
        name: of the table.
        query: reads it, ordered by `key`.
        key: columns; rows with the same key are compared as a set.
        json: columns whose texts are JSON.
    """

    name: str
    query: Query[NoParameters, msgspec.Struct]
    key: tuple[str, ...]
    json: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return self.query.row.__struct_fields__


COMPARED_TABLES = (
    ComparedTable("registry_passport", _query("passports", _Passport), ("address", "community_id")),
    ComparedTable(
        "registry_score",
        _query("scores", _Score),
        ("address", "community_id"),
        frozenset({"evidence", "stamp_scores", "stamps"}),
    ),
    ComparedTable(
        "registry_stamp",
        _query("registry_stamps", _RegistryStamp),
        ("address", "community_id", "provider"),
    ),
    ComparedTable("registry_hashscorerlink", _query("links", _Link), ("hash", "community_id")),
    ComparedTable(
        "registry_event",
        _query("events", _Event),
        ("address", "action", "community_id"),
        frozenset({"data"}),
    ),
    ComparedTable(
        "registry_humanpoints",
        _query("points", _Points),
        ("address", "action", "chain_id", "provider", "tx_hash"),
    ),
    ComparedTable(
        "registry_humanpointscommunityqualifiedusers",
        _query("qualified_users", _QualifiedUser),
        ("address", "community_id"),
    ),
    ComparedTable(
        "registry_humanpointsmultiplier", _query("multipliers", _Multiplier), ("address",)
    ),
    ComparedTable(
        "ceramic_cache_ceramiccache",
        _query("stored_stamps", _StoredStamp),
        ("address", "provider"),
    ),
    ComparedTable(
        "account_accountapikeyanalytics",
        _query("usage", _Usage),
        ("api_key_id", "path"),
        frozenset({"path_segments", "query_params", "headers", "payload", "response"}),
    ),
    ComparedTable("account_accountapikey", _query("keys", _Key), ("prefix",)),
    ComparedTable("account_nonce", _query("nonces", _Nonce), ("nonce",)),
)
