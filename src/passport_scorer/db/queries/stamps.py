"""The stamp store: `ceramic_cache_ceramiccache`, and the stored score shown with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from passport_scorer.db.statement import Query, Statements
from passport_scorer.domain.proof_values import canonical_proof_value
from passport_scorer.domain.stamps import LiveStamp
from passport_scorer.domain.stored_scores import ScoreColumns
from passport_scorer.domain.submissions import Entry, Source


class _StoreStamps(msgspec.Struct, frozen=True):
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
    """The result of `store_stamps`.

    Attributes:
        deleted: stamps that were soft-deleted.
        live: stamps that were live before, counted up to a bound.
    """

    deleted: int
    live: int


class _ListLiveStamps(msgspec.Struct, frozen=True):
    """$1 to $4 of `live_stamps.sql`: an address in lower case, and the bounds of the result."""

    address: str
    most: int
    longest_document: int
    longest_answer: int


class _LiveStamp(msgspec.Struct, frozen=True):
    """A live, unrevoked stamp; `stamp` is the JSON text of the credential, if it is in bounds."""

    id: int
    address: str
    provider: str
    stamp: str | None


class LiveStamps(msgspec.Struct, frozen=True):
    """The live, unrevoked stamps of an address, newest first.

    Attributes:
        listed: those within the bounds.
        omitted: ids of those whose documents exceed them.
    """

    listed: list[LiveStamp]
    omitted: list[int]


class _FindStoredScore(msgspec.Struct, frozen=True):
    """$1 and $2 of `stored_score.sql`."""

    address: str
    community_id: int


_STORE_STAMPS = Query("store_stamps", _StoreStamps, ChangedStamps)
_LIST_LIVE_STAMPS = Query("live_stamps", _ListLiveStamps, _LiveStamp)
_FIND_STORED_SCORE = Query("stored_score", _FindStoredScore, ScoreColumns)


async def store_stamps(
    transaction: Statements,
    address: str,
    entries: Sequence[Entry],
    source: Source,
    *,
    now: datetime,
    most_counted: int,
) -> ChangedStamps:
    """Soft-delete the live stamps of the entries' providers, and store the entries' stamps.

    Args:
        transaction: one that holds `lock_address`.
        address: in lower case.
        entries: the changes; each provider once.
        source: recorded with the new stamps.
        now: aware; the time of the change.
        most_counted: live stamps are counted up to this number.

    Raises:
        ValueRefused: the database can't hold a value of a stamp.
    """
    stamps = [entry.stamp for entry in entries if entry.stamp]
    parameters = _StoreStamps(
        address=address,
        now=now,
        deleted_provider=[entry.provider for entry in entries],
        source_app=source.app,
        source_scorer_id=source.scorer_id,
        provider=[entry.provider for entry in entries if entry.stamp],
        stamp=[stamp.document for stamp in stamps],
        proof_value=[canonical_proof_value(stamp.proof_value or "") for stamp in stamps],
        issuance_date=[stamp.issuance_date for stamp in stamps],
        expiration_date=[stamp.expiration_date for stamp in stamps],
        most_counted=most_counted,
    )
    (changed,) = await transaction.fetch(_STORE_STAMPS, parameters)
    return changed


async def live_stamps(
    database: Statements,
    address: str,
    *,
    most: int,
    longest_document: int,
    longest_answer: int,
) -> LiveStamps:
    """Return the live, unrevoked stamps of an address (lower case), newest first.

    Args:
        database: the pool, or a transaction.
        address: in lower case.
        most: stamps that are returned.
        longest_document: bytes of one document.
        longest_answer: bytes of all documents together.
    """
    parameters = _ListLiveStamps(address, most, longest_document, longest_answer)
    rows = await database.read(_LIST_LIVE_STAMPS, parameters)
    return LiveStamps(
        listed=[
            LiveStamp(row.id, row.address, row.provider, row.stamp)
            for row in rows
            if row.stamp is not None
        ],
        omitted=[row.id for row in rows if row.stamp is None],
    )


async def stored_score(
    database: Statements, address: str, community_id: int
) -> ScoreColumns | None:
    """Return the columns of the score of an address (lower case); None if it was never scored."""
    rows = await database.read(_FIND_STORED_SCORE, _FindStoredScore(address, community_id))
    return rows[0] if rows else None
