"""Load everything that scores depend on: one round trip for a batch of (address, community) pairs.

See `queries/read_scoring.sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from passport_scorer.db.queries.loaded_scores import (
    LoadedLink,
    LoadedScore,
    LoadedScorer,
    LoadedStamp,
    LoadedStamps,
    ScoringRequest,
)
from passport_scorer.db.statement import Query, Statements
from passport_scorer.domain.api_key import ApiKey
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.human_points import Earned, PointsState


class _ReadScoring(msgspec.Struct, frozen=True):
    """$1 to $7 of `read_scoring.sql`."""

    key_prefix: list[str | None]
    external_scorer_id: list[str | None]
    scorer_id: list[int | None]
    community_id: list[int | None]
    address: list[str | None]
    key_hash: list[str | None]
    alone: bool


class _Row(msgspec.Struct, frozen=True):
    """The row of one request; `ordinal` counts from 1 in the order of the requests.

    Null columns: no such key, community, passport or score; arrays that would be empty; documents
    that are too long to be read.
    """

    ordinal: int
    key_id: str | None
    hashed_key: str | None
    hashed_key_sha256: str | None
    revoked: bool | None
    expiry_date: datetime | None
    read_scores: bool | None
    historical_endpoint: bool | None
    rate_limit: str | None
    analysis_rate_limit: str | None
    key_version: str | None
    community_id: int | None
    human_points_program: bool | None
    scorer_version: str | None
    weights: str | None
    threshold: Decimal | None
    dynamic_weights: str | None
    passport_id: int | None
    score_id: int | None
    score_version: str | None
    is_large: bool | None
    stamps_version: str
    is_revocation_possible: bool | None
    registered_ids: list[int] | None
    row_ids: list[int] | None
    row_versions: list[str] | None
    providers: list[str] | None
    documents: list[str | None] | None
    stamp_registered_ids: list[int | None] | None
    has_copies: list[bool] | None
    has_other_proofs: bool | None
    link_ids: list[int] | None
    link_versions: list[str] | None
    link_nullifiers: list[str] | None
    link_addresses: list[str] | None
    link_expiries: list[datetime] | None


class _RowWithPoints(_Row, frozen=True):
    """The same with the Human Points of the address, in a community that takes part."""

    point_actions: list[str] | None
    point_chain_ids: list[int] | None
    point_providers: list[str] | None
    point_counts: list[int] | None
    qualified_community_ids: list[int] | None
    points_multiplier: int | None
    points_lists: list[str] | None
    mta_count: int | None
    mm2_count: int | None
    config_actions: list[str] | None
    config_points: list[int] | None


_READ_SCORING = Query("read_scoring", _ReadScoring, _Row, without="Human Points")
_READ_SCORING_AND_POINTS = Query("read_scoring", _ReadScoring, _RowWithPoints)


async def load_scores(
    database: Statements,
    requests: Sequence[ScoringRequest],
    *,
    with_points: bool,
    alone: bool = False,
) -> list[LoadedScore]:
    """Load everything that the scores of a batch depend on.

    Args:
        database: the pool, or a transaction.
        requests: the pairs.
        with_points: False if Human Points are neither shown nor given.
        alone: True to load large passports, too; the batch should then be of one.

    Returns:
        The inputs of each score, in the order of the requests.
    """
    query = _READ_SCORING_AND_POINTS if with_points else _READ_SCORING
    rows = await database.read(query, _parameters(requests, alone=alone))
    rows.sort(key=lambda row: row.ordinal)
    return [_loaded_score(row) for row in rows]


def _parameters(requests: Sequence[ScoringRequest], *, alone: bool) -> _ReadScoring:
    return _ReadScoring(
        key_prefix=[request.key_prefix for request in requests],
        external_scorer_id=[request.external_scorer_id for request in requests],
        scorer_id=[request.scorer_id for request in requests],
        community_id=[request.community_id for request in requests],
        address=[request.address for request in requests],
        key_hash=[request.key_hash for request in requests],
        alone=alone,
    )


def _loaded_score(row: _Row) -> LoadedScore:
    has_key = row.key_id is not None
    return LoadedScore(
        key=msgspec.convert(row, ApiKey, from_attributes=True) if has_key else None,
        key_version=row.key_version,
        community_id=row.community_id,
        scorer=LoadedScorer(
            row.scorer_version,
            row.weights,
            row.dynamic_weights,
            row.threshold,
            bool(row.human_points_program),
        ),
        passport_id=row.passport_id,
        score_id=row.score_id,
        score_version=row.score_version,
        is_large=bool(row.is_large),
        stamps=_stamps(row),
        links=_links(row),
        points=_points(row) if isinstance(row, _RowWithPoints) else None,
    )


def _stamps(row: _Row) -> LoadedStamps:
    columns = (
        row.row_ids or (),
        row.row_versions or (),
        row.providers or (),
        row.documents or (),
        row.stamp_registered_ids or (),
        row.has_copies or (),
    )
    return LoadedStamps(
        version=row.stamps_version,
        stamps=tuple(map(LoadedStamp, *columns)),
        registered=tuple(row.registered_ids or ()),
        is_revocable=bool(row.is_revocation_possible or row.has_other_proofs),
    )


def _links(row: _Row) -> dict[str, LoadedLink]:
    nullifiers = row.link_nullifiers or ()
    links = map(Link, nullifiers, row.link_addresses or (), row.link_expiries or ())
    loaded = map(LoadedLink, row.link_ids or (), row.link_versions or (), links)
    return dict(zip(nullifiers, loaded, strict=True))


def _points(row: _RowWithPoints) -> PointsState | None:
    if not row.human_points_program:
        return None
    columns = (
        row.point_actions or (),
        row.point_chain_ids or (),
        row.point_providers or (),
        row.point_counts or (),
    )
    given = {"MTA": row.mta_count, "MM2": row.mm2_count}
    return PointsState(
        earned=tuple(map(Earned, *columns)),
        qualified=frozenset(row.qualified_community_ids or ()),
        multiplier=1 if row.points_multiplier is None else row.points_multiplier,
        lists=frozenset(row.points_lists or ()),
        given={action: count for action, count in given.items() if count is not None},
        configuration=dict(zip(row.config_actions or (), row.config_points or (), strict=True)),
    )
