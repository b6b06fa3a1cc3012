"""Load everything that scores depend on: one round trip for a batch of (address, community) pairs.

See `queries/read_scoring.sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate

import msgspec

from passport_scorer.db.queries.loaded_scores import (
    CachedVersions,
    LoadedLinks,
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
    """$1 to $13 of `read_scoring.sql`."""

    key_prefix: list[str | None]
    external_scorer_id: list[str | None]
    scorer_id: list[int | None]
    community_id: list[int | None]
    address: list[str | None]
    scorer_version: list[str | None]
    stamps_version: list[str | None]
    links_version: list[str | None]
    first_nullifier: list[int]
    last_nullifier: list[int]
    nullifier: list[str]
    key_hash: list[str | None]
    alone: bool


class _Row(msgspec.Struct, frozen=True):
    """The row of one request; `ordinal` counts from 1 in the order of the requests.

    Null columns: no such key, community, passport or score; arrays that would be empty; documents
    that are too long to be read; the columns from `stamps_version` to `has_other_proofs`, those of
    links, and weights, if the cached version is current.
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
    stamps_version: str | None
    registered_ids: list[int] | None
    row_ids: list[int] | None
    row_versions: list[str] | None
    providers: list[str] | None
    documents: list[str | None] | None
    stamp_registered_ids: list[int | None] | None
    has_other_proofs: bool | None
    links_version: str | None
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
    cached: Sequence[CachedVersions],
    *,
    with_points: bool,
    alone: bool = False,
) -> list[LoadedScore]:
    """Load everything that the scores of a batch depend on.

    Args:
        database: the pool, or a transaction.
        requests: the pairs.
        cached: for each of them the versions that need not be loaded again.
        with_points: False if Human Points are neither shown nor given.
        alone: True to load large passports, too; the batch should then be of one.

    Returns:
        The inputs of each score, in the order of the requests.
    """
    query = _READ_SCORING_AND_POINTS if with_points else _READ_SCORING
    rows = await database.read(query, _parameters(requests, cached, alone=alone))
    rows.sort(key=lambda row: row.ordinal)
    return [_loaded_score(row) for row in rows]


def _parameters(
    requests: Sequence[ScoringRequest], cached: Sequence[CachedVersions], *, alone: bool
) -> _ReadScoring:
    ends = list(accumulate(len(each.nullifiers) for each in cached))
    return _ReadScoring(
        key_prefix=[request.key_prefix for request in requests],
        external_scorer_id=[request.external_scorer_id for request in requests],
        scorer_id=[request.scorer_id for request in requests],
        community_id=[request.community_id for request in requests],
        address=[request.address for request in requests],
        scorer_version=[each.scorer for each in cached],
        stamps_version=[each.stamps for each in cached],
        links_version=[each.links for each in cached],
        first_nullifier=[end + 1 for end in (0, *ends[:-1])],
        last_nullifier=ends,
        nullifier=[nullifier for each in cached for nullifier in each.nullifiers],
        key_hash=[request.key_hash for request in requests],
        alone=alone,
    )


def _loaded_score(row: _Row) -> LoadedScore:
    has_key = row.key_id is not None
    return LoadedScore(
        key=msgspec.convert(row, ApiKey, from_attributes=True) if has_key else None,
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
        stamps=None if row.stamps_version is None else _stamps(row, row.stamps_version),
        links=None if row.links_version is None else _links(row, row.links_version),
        points=_points(row) if isinstance(row, _RowWithPoints) else None,
    )


def _stamps(row: _Row, version: str) -> LoadedStamps:
    columns = (
        row.row_ids or (),
        row.row_versions or (),
        row.providers or (),
        row.documents or (),
        row.stamp_registered_ids or (),
    )
    return LoadedStamps(
        version=version,
        stamps=tuple(map(LoadedStamp, *columns)),
        registered=tuple(row.registered_ids or ()),
        has_other_proofs=bool(row.has_other_proofs),
    )


def _links(row: _Row, version: str) -> LoadedLinks:
    nullifiers = row.link_nullifiers or ()
    links = map(Link, nullifiers, row.link_addresses or (), row.link_expiries or ())
    return LoadedLinks(version, dict(zip(nullifiers, links, strict=True)))


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
