"""What is read for partners beside scores: the API key, earlier scores, pages of stamps.

Each statement returns the API key together with what is asked for, in one round trip; what is
asked for only if the hash that goes along is one of the key's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from passport_scorer.db.statement import Query
from passport_scorer.domain.api_key import ApiKey


class ApiKeyRow(msgspec.Struct, frozen=True):
    """An API key, as the first columns of a statement."""

    key_id: str
    hashed_key: str
    hashed_key_sha256: str | None
    revoked: bool
    expiry_date: datetime | None
    read_scores: bool
    historical_endpoint: bool
    rate_limit: str | None
    analysis_rate_limit: str | None


class ReadApiKeyParameters(msgspec.Struct, frozen=True):
    """$1 of `read_api_key.sql`."""

    key_prefix: str


class ReadScoreEventParameters(msgspec.Struct, frozen=True):
    """$1 to $6 of `read_score_event.sql`."""

    key_prefix: str
    external_scorer_id: str | None
    scorer_id: int | None
    address: str
    created_at: datetime
    key_hash: str = ""


class ScoreEventRow(ApiKeyRow, frozen=True):
    """The one row of `read_score_event.sql`.

    Null columns: no such community or event.
    """

    community_id: int | None
    data: str | None


class ReadStampsPageParameters(msgspec.Struct, frozen=True):
    """$1 to $6 of `read_stamps_page.sql`."""

    key_prefix: str
    address: str
    id: int
    is_above: bool
    limit: int
    key_hash: str


class StampsPageRow(ApiKeyRow, frozen=True):
    """The one row of `read_stamps_page.sql`; the arrays are null if the page is empty."""

    ids: list[int] | None
    providers: list[str] | None
    documents: list[str] | None
    has_newer: bool
    has_older: bool


READ_API_KEY = Query("read_api_key", ReadApiKeyParameters, ApiKeyRow)
READ_SCORE_EVENT = Query("read_score_event", ReadScoreEventParameters, ScoreEventRow)
READ_STAMPS_PAGE = Query("read_stamps_page", ReadStampsPageParameters, StampsPageRow)


def stored_key(rows: Sequence[ApiKeyRow]) -> ApiKey | None:
    """Return the API key of what was read; None if there is none with that prefix."""
    return msgspec.convert(rows[0], ApiKey, from_attributes=True) if rows else None
