"""From the rows that were read to what the domain decides on."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

import msgspec
import structlog

from passport_scorer.db.queries.scores import (
    ScoringRequest,
    ScoringRow,
    ScoringRowWithPoints,
)
from passport_scorer.domain.api_key import ApiKey
from passport_scorer.domain.community import Community, ScorerNotFound, read_weights
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.human_points import Earned, PointsState
from passport_scorer.scoring.caches import Known


class Loaded(msgspec.Struct, frozen=True):
    """What the database says to a request, which was told what is known; nothing is verified yet.

    Attributes:
        row: what was read.
        request: whose score, and where.
        known: what the database was told not to read.
    """

    row: ScoringRow
    request: ScoringRequest
    known: Known

    @property
    def key(self) -> ApiKey | None:
        """The API key with the prefix that was asked for; None if there is none."""
        return api_key(self.row)

    @property
    def community_id(self) -> int:
        """The id of the community that was asked for.

        Raises:
            ScorerNotFound: there is no such community, or the caller may not see it.
        """
        if self.row.community_id is None:
            raise ScorerNotFound
        return self.row.community_id

    def points(self) -> PointsState | None:
        """Return the Human Points of the address; None if the community hasn't the programme.

        Raises:
            ScorerNotFound: see `community_id`.
        """
        _ = self.community_id
        return points(self.row) if isinstance(self.row, ScoringRowWithPoints) else None


_NAMED = 10  # providers that one event names

log = structlog.get_logger()


def api_key(row: ScoringRow) -> ApiKey | None:
    """Return the API key of a row."""
    if row.key_id is None:
        return None
    return msgspec.convert(row, ApiKey, from_attributes=True)


def links(row: ScoringRow) -> dict[str, Link]:
    """Return the links of a row: nullifier -> link."""
    return {
        nullifier: Link(nullifier, owner, expires_at)
        for nullifier, owner, expires_at in zip(
            row.link_nullifiers or (),
            row.link_addresses or (),
            row.link_expiries or (),
            strict=True,
        )
    }


def weights(row: ScoringRow) -> Mapping[str, Decimal]:
    """Return the weights of a row: provider -> weight; those that can't be used are logged."""
    return _usable(row.weights, row.community_id)


@lru_cache(maxsize=256)  # the text decides the value, and a service has few scorers
def _usable(document: str | None, community_id: int | None) -> Mapping[str, Decimal]:
    found = read_weights(document)
    if found.ignored:
        log.warning(
            "weights_ignored",
            community_id=community_id,
            count=len(found.ignored),
            providers=found.ignored[:_NAMED],
        )
    return found.usable


def points(row: ScoringRowWithPoints) -> PointsState | None:
    """Return the Human Points of a row; None if the community hasn't the programme."""
    if not row.human_points_program:
        return None
    return PointsState(
        earned=tuple(
            Earned(action, chain_id, provider, count)
            for action, chain_id, provider, count in zip(
                row.point_actions or (),
                row.point_chain_ids or (),
                row.point_providers or (),
                row.point_counts or (),
                strict=True,
            )
        ),
        qualified=frozenset(row.qualified_community_ids or ()),
        multiplier=1 if row.points_multiplier is None else row.points_multiplier,
        lists=frozenset(row.points_lists or ()),
        given={
            action: count
            for action, count in (("MTA", row.mta_count), ("MM2", row.mm2_count))
            if count is not None
        },
        configuration=dict(zip(row.config_actions or (), row.config_points or (), strict=True)),
    )


def community(
    row: ScoringRow, community_id: int, scorer_weights: Mapping[str, Decimal]
) -> Community:
    """Return the community of a row.

    Raises:
        ScorerNotFound: it has no scorer, or one whose threshold is no number.
    """
    if row.threshold is None or not row.threshold.is_finite():
        log.warning("scorer_not_usable", community_id=community_id)
        raise ScorerNotFound
    if row.dynamic_weights:
        scorer_weights = {**scorer_weights, **_usable(row.dynamic_weights, community_id)}
    return Community(community_id, scorer_weights, row.threshold, bool(row.human_points_program))
