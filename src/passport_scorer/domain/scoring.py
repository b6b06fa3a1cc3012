"""The decision: from a snapshot of the database to a score and the exact changes to write.

The steps, numbered as in docs/rules/scoring.md:

3. Validation: which stamps count.
4. Deduplication: which of them another address has claimed.
5. Score: the exact sum of the weights, compared with the threshold.
6. Persistence: what differs from the database.
7. Human Points: what the score earns.

Steps 3 to 6 are the *assessment*. Its result stays the same until a stamp or a link expires, so
callers can reuse it; step 7 depends on the time of each score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from passport_scorer.domain.change_set import ChangeSet, change_set
from passport_scorer.domain.community import Community
from passport_scorer.domain.deduplication import Clash, Link, deduplicate
from passport_scorer.domain.human_points import (
    PointsOutcome,
    PointsPolicy,
    PointsState,
    give_points,
)
from passport_scorer.domain.scores import (
    Score,
    ScoreRecord,
    ShownScore,
    compute_score,
    score_record,
    shown_score,
)
from passport_scorer.domain.stamps import ExaminedStamp, RejectedStamp, Stamp, valid_stamps

_NEVER = datetime.max.replace(tzinfo=UTC)


class Passport(msgspec.Struct, frozen=True, gc=False):
    """The stored rows of an address in a community.

    Attributes:
        id: `registry_passport.id`; None if there is no row yet.
        score_id: `registry_score.id`; None if the passport was never scored.
        score_version: changes with the score row, and so whenever another request scores this
            passport; None if it was never scored.
        registered_stamps: the ids of all its `registry_stamp` rows.
    """

    id: int | None = None
    score_id: int | None = None
    score_version: str | None = None
    registered_stamps: tuple[int, ...] = ()


class Versions(msgspec.Struct, frozen=True, gc=False):
    """The versions of the rows that a score depends on.

    Attributes:
        scorer: of the community and its scorer.
        dynamic_weights: JSON text of the customization's weights; None if there are none.
        stamps: of the stamps and registered stamps of the address.
        links: of the links of the stamps' nullifiers.
        link_ids: the ids of these links, as PostgreSQL writes an array.
        unlinked: the nullifiers of the stamps that have no link.
    """

    scorer: str
    dynamic_weights: str | None
    stamps: str
    links: str
    link_ids: str
    unlinked: tuple[str, ...]


class Snapshot(msgspec.Struct, frozen=True):
    """Everything that the score of one address in one community depends on, read at once.

    Attributes:
        address: in lower case.
        community: with its weights and threshold.
        passport: the rows stored for the address.
        stamps: the live, unrevoked stamps of the address, one for each provider, examined.
        links: nullifier -> link, the community's links of all nullifiers of these stamps.
        points: the Human Points of the address; None if the community does not take part in the
            program, or points are neither shown nor given.
        versions: of the rows that it was read from; None if they don't change with every input.
    """

    address: str
    community: Community
    passport: Passport
    stamps: tuple[ExaminedStamp, ...]
    links: Mapping[str, Link]
    points: PointsState | None = None
    versions: Versions | None = None


class Assessment(msgspec.Struct, frozen=True):
    """The score of a snapshot and the changes to write, whenever it is scored in a period.

    Attributes:
        score: the result.
        record: the JSON of its row.
        kept: the stamps that count.
        clashes: stamps that another address has claimed; each is recorded as an event.
        rejected: stamps that are left out, for the log.
        changes: the rows to write besides the score.
        valid_from: aware; when the assessment was made.
        valid_until: aware; when the next stamp or link expires.
    """

    score: Score
    record: ScoreRecord
    kept: tuple[Stamp, ...]
    clashes: tuple[Clash, ...]
    rejected: tuple[RejectedStamp, ...]
    changes: ChangeSet
    valid_from: datetime
    valid_until: datetime


class Outcome(msgspec.Struct, frozen=True):
    """The decision for one address in one community.

    Attributes:
        snapshot: the data that the decision is based on.
        assessment: the score, and the changes to write.
        computed_at: aware; the time of the score.
        points: the Human Points that are given.
    """

    snapshot: Snapshot
    assessment: Assessment
    computed_at: datetime
    points: PointsOutcome

    @property
    def score(self) -> Score:
        """The score; its row and its event are always written."""
        return self.assessment.score

    @property
    def is_repeatable(self) -> bool:
        """True if scoring again only gives the score a new time, until the assessment ends."""
        assessment = self.assessment
        return assessment.changes.is_empty and not assessment.clashes and self.points.state is None

    def saved(self) -> SavedScore:
        """Return the score as it was saved."""
        return SavedScore(
            address=self.snapshot.address,
            community_id=self.snapshot.community.id,
            score=shown_score(self.assessment.score, self.assessment.record),
            computed_at=self.computed_at,
            points=self.points.state,
        )


class SavedScore(msgspec.Struct, frozen=True):
    """A score that has just been saved, as responses show it.

    Attributes:
        address: in lower case.
        community_id: the community.
        score: the score.
        computed_at: aware; the time of the score.
        points: the Human Points of the address; None if the community does not take part in the
            program, or points are neither shown nor given.
    """

    address: str
    community_id: int
    score: ShownScore
    computed_at: datetime
    points: PointsState | None = None


def assess(snapshot: Snapshot, now: datetime) -> Assessment:
    """Validate and deduplicate the stamps of a snapshot at `now` (aware), and sum up the weights.

    Raises:
        UnusableWeight: the scorer's weights can't be summed up.
    """
    # 3. Validation
    stamps, rejected = valid_stamps(snapshot.stamps, now)
    # 4. Deduplication
    deduplication = deduplicate(stamps, snapshot.address, snapshot.links, now)
    # 5. Score
    score = compute_score(snapshot.community, deduplication)
    # 6. Persistence
    changes = change_set(deduplication, snapshot.passport.registered_stamps)
    return Assessment(
        score=score,
        record=score_record(score),
        kept=deduplication.kept,
        clashes=deduplication.clashes,
        rejected=tuple(rejected),
        changes=changes,
        valid_from=now,
        valid_until=_next_expiry(snapshot, now),
    )


def decide(snapshot: Snapshot, now: datetime, policy: PointsPolicy) -> Outcome:
    """Decide the score of one address in one community.

    Args:
        snapshot: everything that the score depends on.
        now: aware; the time of the score.
        policy: what the operator decides about Human Points.

    Raises:
        UnusableWeight: the scorer's weights can't be summed up.
    """
    assessment = assess(snapshot, now)
    # 7. Human Points
    points = give_points(
        snapshot.points,
        snapshot.community.id,
        assessment.kept,
        now,
        policy,
        passing=assessment.score.passing,
    )
    return Outcome(snapshot, assessment, now, points)


def decide_batch(
    snapshots: Sequence[Snapshot], now: datetime, policy: PointsPolicy
) -> list[Outcome | Exception]:
    """Decide for a batch of (address, community) pairs that were read together.

    Each pair sees the links and points that the pairs before it are about to write, as if the
    pairs were scored one at a time. No pair can occur twice.

    Args:
        snapshots: one for each pair.
        now: aware; the time of all the scores.
        policy: what the operator decides about Human Points.

    Returns:
        An outcome for each pair, in their order; or the exception that deciding on it raised.
    """
    links: dict[int, dict[str, Link]] = {}
    points: dict[str, PointsState] = {}
    decided: list[Outcome | Exception] = []
    for snapshot in snapshots:
        new_links = links.setdefault(snapshot.community.id, {})
        current = _with_pending(snapshot, new_links, points.get(snapshot.address))
        try:
            outcome = decide(current, now, policy)
        except Exception as error:  # noqa: BLE001  it concerns this pair alone
            decided.append(error)
            continue
        changes = outcome.assessment.changes.links
        new_links.update((change.link.nullifier, change.link) for change in changes)
        if outcome.points.state:
            points[snapshot.address] = outcome.points.state
        decided.append(outcome)
    return decided


def _with_pending(
    snapshot: Snapshot, links: Mapping[str, Link], points: PointsState | None
) -> Snapshot:
    """Add what the pairs before this one are about to write."""
    if links:
        snapshot = msgspec.structs.replace(snapshot, links={**snapshot.links, **links})
    if points and snapshot.points:
        snapshot = msgspec.structs.replace(snapshot, points=points)
    return snapshot


def _next_expiry(snapshot: Snapshot, now: datetime) -> datetime:
    """Return when the next stamp or link expires: until then, time changes nothing."""
    expiries = (
        *(stamp.expires_at for stamp in snapshot.stamps if stamp.expires_at),
        *(link.expires_at for link in snapshot.links.values()),
    )
    return min((expiry for expiry in expiries if expiry > now), default=_NEVER)
