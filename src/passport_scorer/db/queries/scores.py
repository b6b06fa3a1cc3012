"""The two statements of the scoring road, and how the domain's types become rows.

One reads everything that decisions need, one writes everything that was decided; each is one
round trip for any number of (address, community) pairs. See `queries/read_scoring.sql` and
`queries/write_scoring.sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate

import msgspec

from passport_scorer.db.statement import NoParameters, Query
from passport_scorer.domain.deduplication import Clash
from passport_scorer.domain.score_record import binary
from passport_scorer.domain.scoring import Outcome
from passport_scorer.domain.timestamps import event_time

_JSON = msgspec.json.Encoder()


class ScoringRequest(msgspec.Struct, frozen=True, gc=False):
    """One (address, community) pair to read.

    Attributes:
        address: in lower case; None if only the key is of interest.
        community_id: for callers that may score any community.
        key_prefix: for partners: the prefix of their API key.
        key_hash: for partners: the hash of the key that they present, as it may be stored; nothing
            but the key is read unless it is.
        external_scorer_id: what the partner wrote as scorer id.
        scorer_id: the same, where it is an integer.
    """

    address: str | None
    community_id: int | None = None
    key_prefix: str | None = None
    external_scorer_id: str | None = None
    scorer_id: int | None = None
    key_hash: str | None = None


class KnownVersions(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of an address in a community, so that it needn't be read again.

    Attributes:
        scorer: the version of the community's scorer; None if it isn't known.
        stamps: the version of the address's stamps and the passport's copies; None likewise.
        links: the version of the links of `nullifiers`; None likewise.
        nullifiers: of the stamps.
    """

    scorer: str | None = None
    stamps: str | None = None
    links: str | None = None
    nullifiers: tuple[str, ...] = ()


class ReadScoringParameters(msgspec.Struct, frozen=True):
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


class ScoringRow(msgspec.Struct, frozen=True):
    """What was read for one request; `ordinal` counts from 1 in the order of the requests.

    Null columns: no such key, community, passport or score; arrays that would be empty; documents
    that are too long to be read; the columns from `stamps_version` to `has_other_proofs`, and those
    of links, if the version is the known one; weights likewise.
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
    copy_ids: list[int] | None
    row_ids: list[int] | None
    row_versions: list[str] | None
    providers: list[str] | None
    documents: list[str | None] | None
    stamp_copy_ids: list[int | None] | None
    has_other_proofs: bool | None
    links_version: str | None
    link_nullifiers: list[str] | None
    link_addresses: list[str] | None
    link_expiries: list[datetime] | None


class ScoringRowWithPoints(ScoringRow, frozen=True):
    """The same with what is known of Human Points, in a community that has the programme."""

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


class WriteScoringParameters(msgspec.Struct, frozen=True):
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
    unwanted_copy_id: list[int]
    wanted_ordinal: list[int]
    wanted_row_id: list[int]
    wanted_row_version: list[str]
    wanted_provider: list[str]
    clash_ordinal: list[int]
    clash_data: list[str]
    qualified_ordinal: list[int]
    point_ordinal: list[int]
    point_action: list[str]
    point_provider: list[str]
    point_tx_hash: list[str]


class ConflictingDecision(msgspec.Struct, frozen=True):
    """A row of `write_scoring.sql`: a decision that fell, counted from 1; may be there twice."""

    ordinal: int


class LockScoresParameters(msgspec.Struct, frozen=True):
    """$1 and $2 of `lock_scores.sql`: the pairs."""

    address: list[str]
    community_id: list[int]


class LockedScore(msgspec.Struct, frozen=True):
    """A score row that is held now."""

    id: int


class LockedPoints(msgspec.Struct, frozen=True):
    """The lock is held; PostgreSQL has nothing more to say about it."""

    held: str


READ_SCORING = Query("read_scoring", ReadScoringParameters, ScoringRow, without="Human Points")
READ_SCORING_AND_POINTS = Query("read_scoring", ReadScoringParameters, ScoringRowWithPoints)
WRITE_SCORING = Query("write_scoring", WriteScoringParameters, ConflictingDecision)
LOCK_SCORES = Query("lock_scores", LockScoresParameters, LockedScore)
LOCK_LIMITED_POINTS = Query("lock_limited_points", NoParameters, LockedPoints)


def read_parameters(
    requests: Sequence[ScoringRequest], known: Sequence[KnownVersions], *, alone: bool = False
) -> ReadScoringParameters:
    """Return the parameters that read a set of requests.

    Args:
        requests: the pairs to read.
        known: for each of them what needn't be read again.
        alone: nobody else waits, so that large passports are read, too.
    """
    ends = list(accumulate(len(each.nullifiers) for each in known))
    return ReadScoringParameters(
        key_prefix=[request.key_prefix for request in requests],
        external_scorer_id=[request.external_scorer_id for request in requests],
        scorer_id=[request.scorer_id for request in requests],
        community_id=[request.community_id for request in requests],
        address=[request.address for request in requests],
        scorer_version=[each.scorer for each in known],
        stamps_version=[each.stamps for each in known],
        links_version=[each.links for each in known],
        first_nullifier=[end + 1 for end in (0, *ends[:-1])],
        last_nullifier=ends,
        nullifier=[nullifier for each in known for nullifier in each.nullifiers],
        key_hash=[request.key_hash for request in requests],
        alone=alone,
    )


def write_parameters(outcomes: Sequence[Outcome], now: datetime) -> WriteScoringParameters:
    """Return the parameters that write a set of outcomes that were decided at `now`."""
    scores = [outcome.score for outcome in outcomes]
    snapshots = [outcome.snapshot for outcome in outcomes]
    changes = {
        (outcome.snapshot.community.id, change.link.nullifier): (i, change)
        for i, outcome in enumerate(outcomes, 1)
        for change in outcome.link_changes
    }
    wanted = [(i, stamp) for i, o in enumerate(outcomes, 1) for stamp in o.stamps_to_copy]
    clashes = [(i, clash) for i, o in enumerate(outcomes, 1) for clash in o.clashes]
    awards = [(i, award) for i, o in enumerate(outcomes, 1) for award in o.points.awards]
    return WriteScoringParameters(
        address=[snapshot.address for snapshot in snapshots],
        community_id=[snapshot.community.id for snapshot in snapshots],
        passport_id=[snapshot.passport.id for snapshot in snapshots],
        score_id=[snapshot.passport.score_id for snapshot in snapshots],
        score_version=[snapshot.passport.score_version for snapshot in snapshots],
        score=[Decimal(binary(score)) for score in scores],
        computed_at=[score.computed_at for score in scores],
        expires_at=[score.expires_at for score in scores],
        evidence=[outcome.record.evidence for outcome in outcomes],
        stamp_scores=[outcome.record.stamp_scores for outcome in outcomes],
        stamps=[outcome.record.stamps for outcome in outcomes],
        computed_at_shown=[event_time(score.computed_at) for score in scores],
        expires_at_shown=[
            event_time(score.expires_at) if score.expires_at else None for score in scores
        ],
        link_ordinal=[i for i, _ in changes.values()],
        link_community_id=[community_id for community_id, _ in changes],
        link_nullifier=[change.link.nullifier for _, change in changes.values()],
        link_address=[change.link.address for _, change in changes.values()],
        link_expires_at=[change.link.expires_at for _, change in changes.values()],
        link_is_claim=[change.is_claim for _, change in changes.values()],
        now=now,
        unwanted_copy_id=[copy for outcome in outcomes for copy in outcome.copies_to_delete],
        wanted_ordinal=[i for i, _ in wanted],
        wanted_row_id=[stamp.row_id for _, stamp in wanted],
        wanted_row_version=[stamp.row_version for _, stamp in wanted],
        wanted_provider=[stamp.provider for _, stamp in wanted],
        clash_ordinal=[i for i, _ in clashes],
        clash_data=[
            _json(_clash_event(clash, outcomes[i - 1].snapshot.community.id))
            for i, clash in clashes
        ],
        qualified_ordinal=[i for i, o in enumerate(outcomes, 1) if o.points.newly_qualified],
        point_ordinal=[i for i, _ in awards],
        point_action=[award.action for _, award in awards],
        point_provider=[award.provider for _, award in awards],
        point_tx_hash=[award.tx_hash for _, award in awards],
    )


def _clash_event(clash: Clash, community_id: int) -> dict[str, object]:
    stamp = clash.stamp
    return {
        "nullifiers": stamp.nullifiers,
        "provider": stamp.provider,
        "community_id": community_id,
    }


def _json(value: object) -> str:
    return _JSON.encode(value).decode()
