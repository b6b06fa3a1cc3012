"""The stamp store: `ceramic_cache_ceramiccache`, and the scores that it shows."""

from __future__ import annotations

from datetime import datetime

import msgspec

from passport_scorer.db.statement import Query
from passport_scorer.domain.stored_score import ScoreColumns


class AddressParameters(msgspec.Struct, frozen=True):
    """$1: an address, in lower case."""

    address: str


class LockedAddress(msgspec.Struct, frozen=True):
    """The lock is held; PostgreSQL has nothing more to say about it."""

    held: str


class StoreStampsParameters(msgspec.Struct, frozen=True):
    """$1 to $11 of `store_stamps.sql`; the lists are columns of the new rows."""

    address: str
    now: datetime
    deleted_provider: list[str]
    source_app: int | None
    source_scorer_id: int | None
    provider: list[str]
    stamp: list[str]
    proof_value: list[str]
    issuance_date: list[datetime | None]
    expiration_date: list[datetime | None]
    most_counted: int


class ChangedStamps(msgspec.Struct, frozen=True):
    """How many stamps were soft-deleted, and how many were live before."""

    deleted: int
    live: int


class LiveStampsParameters(msgspec.Struct, frozen=True):
    """$1 to $4 of `live_stamps.sql`: an address in lower case, and the bounds of its answer."""

    address: str
    most: int
    longest_document: int
    longest_answer: int


class LiveStamp(msgspec.Struct, frozen=True):
    """A live, unrevoked stamp; `stamp` is the JSON text of the credential, if it is in bounds."""

    id: int
    address: str
    provider: str
    stamp: str | None


class StoredScoreParameters(msgspec.Struct, frozen=True):
    """$1 and $2 of `stored_score.sql`."""

    address: str
    community_id: int


LOCK_ADDRESS = Query("lock_address", AddressParameters, LockedAddress)
STORE_STAMPS = Query("store_stamps", StoreStampsParameters, ChangedStamps)
LIVE_STAMPS = Query("live_stamps", LiveStampsParameters, LiveStamp)
STORED_SCORE = Query("stored_score", StoredScoreParameters, ScoreColumns)
