"""Save what was decided: one round trip for a batch of (address, community) pairs.

See `queries/write_scoring.sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from passport_scorer.db.errors import WriteConflict
from passport_scorer.db.statement import Query, Statements
from passport_scorer.domain.deduplication import Clash
from passport_scorer.domain.scoring import Outcome
from passport_scorer.domain.timestamps import event_time

MAX_BATCH_SIZE = 62
"""Pairs that `save_outcomes` can write together: it reports conflicts as bits of one integer."""

_JSON = msgspec.json.Encoder()


class _WriteScoring(msgspec.Struct, frozen=True):
    """$1 to $32 of `write_scoring.sql`."""

    address: list[str]
    community_id: list[int]
    passport_id: list[int | None]
    score_id: list[int | None]
    score_version: list[str | None]
    score: list[Decimal]
    computed_at: list[datetime]
    expires_at: list[datetime | None]
    evidence: list[str]
    stamp_scores: list[str]
    stamps: list[str]
    computed_at_shown: list[str]
    expires_at_shown: list[str | None]
    link_ordinal: list[int]
    link_community_id: list[int]
    link_nullifier: list[str]
    link_address: list[str]
    link_expires_at: list[datetime]
    link_is_claim: list[bool]
    now: datetime
    unregistered_id: list[int]
    registered_ordinal: list[int]
    registered_row_id: list[int]
    registered_row_version: list[str]
    registered_provider: list[str]
    clash_ordinal: list[int]
    clash_data: list[str]
    qualified_ordinal: list[int]
    point_ordinal: list[int]
    point_action: list[str]
    point_provider: list[str]
    point_tx_hash: list[str]


class _Written(msgspec.Struct, frozen=True):
    """A decision, counted from 1; the same conflict can occur twice.

    Attributes:
        ordinal: its position.
        content: a hash of what its score row says now; None if it conflicts.
    """

    ordinal: int
    content: int | None


_WRITE_SCORING = Query("write_scoring", _WriteScoring, _Written)


async def save_outcomes(
    database: Statements, outcomes: Sequence[Outcome], now: datetime
) -> list[int]:
    """Save a batch of outcomes that were decided at `now` (aware), all or none.

    Returns:
        For each outcome, a hash of what its score row says now, for `touch_scores`.

    Raises:
        WriteConflict: the snapshots of some of them, which it names, are out of date. A
            transaction that the caller began must be rolled back.
    """
    written = await database.fetch(_WRITE_SCORING, _parameters(outcomes, now))
    contents = {row.ordinal: row.content for row in written if row.content is not None}
    if len(contents) < len(outcomes):
        conflicting = {row.ordinal for row in written if row.content is None}
        raise WriteConflict(conflicting=sorted(conflicting))
    return [contents[ordinal] for ordinal in range(1, len(outcomes) + 1)]


def _parameters(outcomes: Sequence[Outcome], now: datetime) -> _WriteScoring:
    snapshots = [outcome.snapshot for outcome in outcomes]
    assessments = [outcome.assessment for outcome in outcomes]
    scores = [assessment.score for assessment in assessments]
    changes = [assessment.changes for assessment in assessments]
    links = {
        (snapshot.community.id, change.link.nullifier): (i, change)
        for i, (snapshot, changed) in enumerate(zip(snapshots, changes, strict=True), 1)
        for change in changed.links
    }
    registered = [
        (i, s) for i, changed in enumerate(changes, 1) for s in changed.stamps_to_register
    ]
    clashes = [(i, clash) for i, a in enumerate(assessments, 1) for clash in a.clashes]
    awards = [(i, award) for i, o in enumerate(outcomes, 1) for award in o.points.awards]
    return _WriteScoring(
        address=[snapshot.address for snapshot in snapshots],
        community_id=[snapshot.community.id for snapshot in snapshots],
        passport_id=[snapshot.passport.id for snapshot in snapshots],
        score_id=[snapshot.passport.score_id for snapshot in snapshots],
        score_version=[snapshot.passport.score_version for snapshot in snapshots],
        score=[Decimal(score.binary) for score in scores],
        computed_at=[outcome.computed_at for outcome in outcomes],
        expires_at=[score.expires_at for score in scores],
        evidence=[assessment.record.evidence for assessment in assessments],
        stamp_scores=[assessment.record.stamp_scores for assessment in assessments],
        stamps=[assessment.record.stamps for assessment in assessments],
        computed_at_shown=[event_time(outcome.computed_at) for outcome in outcomes],
        expires_at_shown=[
            event_time(score.expires_at) if score.expires_at else None for score in scores
        ],
        link_ordinal=[i for i, _ in links.values()],
        link_community_id=[community_id for community_id, _ in links],
        link_nullifier=[change.link.nullifier for _, change in links.values()],
        link_address=[change.link.address for _, change in links.values()],
        link_expires_at=[change.link.expires_at for _, change in links.values()],
        link_is_claim=[change.is_claim for _, change in links.values()],
        now=now,
        unregistered_id=[id_ for changed in changes for id_ in changed.stamps_to_unregister],
        registered_ordinal=[i for i, _ in registered],
        registered_row_id=[stamp.row_id for _, stamp in registered],
        registered_row_version=[stamp.row_version for _, stamp in registered],
        registered_provider=[stamp.provider for _, stamp in registered],
        clash_ordinal=[i for i, _ in clashes],
        clash_data=[_clash_event(clash, snapshots[i - 1].community.id) for i, clash in clashes],
        qualified_ordinal=[i for i, o in enumerate(outcomes, 1) if o.points.newly_qualified],
        point_ordinal=[i for i, _ in awards],
        point_action=[award.action for _, award in awards],
        point_provider=[award.provider for _, award in awards],
        point_tx_hash=[award.tx_hash for _, award in awards],
    )


def _clash_event(clash: Clash, community_id: int) -> str:
    stamp = clash.stamp
    event = {
        "nullifiers": stamp.nullifiers,
        "provider": stamp.provider,
        "community_id": community_id,
    }
    return _JSON.encode(event).decode()
