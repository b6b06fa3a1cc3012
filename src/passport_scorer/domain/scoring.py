"""The decision: from what was read to the score, and to the exact changes to write.

The steps, numbered as in the specification (scoring.md):

3. Validation: which stamps count.
4. Deduplication: which of them another address has claimed.
5. Score: the exact sum of the weights, held against the threshold.
6. Persistence: what differs from what is there.
7. Human Points: what the score gives.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from passport_scorer.domain.community import Community
from passport_scorer.domain.decimals import exact_sum, five_decimals
from passport_scorer.domain.deduplication import (
    Clash,
    Deduplication,
    Link,
    LinkChange,
    deduplicate,
)
from passport_scorer.domain.human_points import (
    PointsOutcome,
    PointsPolicy,
    PointsState,
    give_points,
)
from passport_scorer.domain.score import Score, ShownStamp
from passport_scorer.domain.score_record import ScoreRecord, score_record
from passport_scorer.domain.stamps import (
    ExaminedStamp,
    RefusedStamp,
    Stamp,
    StoredStamp,
    valid_stamps,
)

_NEVER = datetime.max.replace(tzinfo=UTC)


class Passport(msgspec.Struct, frozen=True, gc=False):
    """What is stored of an address in a community.

    Attributes:
        id: `registry_passport.id`; None if there is no row yet.
        score_id: `registry_score.id`; None if it was never scored.
        score_version: changes whenever the score row does, and so whenever anybody has scored
            this passport in between; None if it was never scored.
        copies: the ids of all its `registry_stamp` rows.
    """

    id: int | None = None
    score_id: int | None = None
    score_version: str | None = None
    copies: tuple[int, ...] = ()


class Snapshot(msgspec.Struct, frozen=True):
    """Everything that the score of one address in one community depends on, read at once.

    Attributes:
        address: in lower case.
        community: with its weights and threshold.
        passport: what is stored of it.
        stamps: the live, unrevoked stamps of the address, one for each provider, examined.
        links: nullifier -> link, the community's links of all nullifiers of these stamps.
        points: what is known of its Human Points; None if the community hasn't the programme,
            or they are of no interest.
        earlier: what was decided before on the same community, copies, stamps and links; None if
            nothing was, or something is another.
    """

    address: str
    community: Community
    passport: Passport
    stamps: tuple[ExaminedStamp, ...]
    links: Mapping[str, Link]
    points: PointsState | None = None
    earlier: "Outcome | None" = None


class Outcome(msgspec.Struct, frozen=True):
    """What was decided for one address in one community, and the exact changes to write.

    Attributes:
        snapshot: what the decision was made on.
        score: the result; its row and its event are written always.
        record: the JSON of its row.
        kept: the stamps that count.
        link_changes: links to create or change.
        clashes: each is recorded as an event.
        stamps_to_copy: kept stamps that the passport doesn't hold yet.
        copies_to_delete: `registry_stamp` ids that hold something else.
        refused: stamps that were left out, for the log.
        valid_until: as long as nothing has changed, the score is the same before this time.
        points: Human Points that are given.
    """

    snapshot: Snapshot
    score: Score
    record: ScoreRecord
    kept: tuple[Stamp, ...]
    link_changes: tuple[LinkChange, ...]
    clashes: tuple[Clash, ...]
    stamps_to_copy: tuple[StoredStamp, ...]
    copies_to_delete: tuple[int, ...]
    refused: tuple[RefusedStamp, ...]
    valid_until: datetime
    points: PointsOutcome

    @property
    def is_reused(self) -> bool:
        """Whether it was decided earlier, and is the same but for its time and its points."""
        earlier = self.snapshot.earlier
        return earlier is not None and self.record is earlier.record


def decide(snapshot: Snapshot, now: datetime, policy: PointsPolicy) -> Outcome:
    """Decide the score of one address in one community at `now` (aware).

    `policy` is what the operator decides about Human Points.

    Raises:
        UnusableWeight: the scorer's weights can't be summed up.
    """
    outcome = snapshot.earlier
    if outcome is None or not outcome.score.computed_at <= now < outcome.valid_until:
        return _decide_anew(snapshot, now, policy)
    score = msgspec.structs.replace(outcome.score, computed_at=now)
    return msgspec.structs.replace(
        outcome,
        snapshot=snapshot,
        score=score,
        points=_points(snapshot, outcome.kept, score, policy),
    )


def _decide_anew(snapshot: Snapshot, now: datetime, policy: PointsPolicy) -> Outcome:
    # 3. Validation
    stamps, refused = valid_stamps(snapshot.stamps, now)
    # 4. Deduplication
    deduplication = deduplicate(stamps, snapshot.address, snapshot.links, now)
    # 5. Score
    score = compute_score(snapshot.community, deduplication, now)
    # 6. Persistence
    to_copy, to_delete = _copy_changes(deduplication.kept, snapshot.passport)
    # 7. Human Points
    points = _points(snapshot, deduplication.kept, score, policy)
    return Outcome(
        snapshot=snapshot,
        score=score,
        record=score_record(score),
        kept=deduplication.kept,
        link_changes=deduplication.changes,
        clashes=deduplication.clashes,
        stamps_to_copy=to_copy,
        copies_to_delete=to_delete,
        refused=tuple(refused),
        valid_until=_next_expiry(snapshot, now),
        points=points,
    )


def _points(
    snapshot: Snapshot, kept: tuple[Stamp, ...], score: Score, policy: PointsPolicy
) -> PointsOutcome:
    return give_points(
        snapshot.points,
        snapshot.community.id,
        kept,
        score.computed_at,
        policy,
        passing=score.passing,
    )


def _next_expiry(snapshot: Snapshot, now: datetime) -> datetime:
    """When the next of all stamps and links expires: until then, time changes nothing."""
    expiries = (
        *(stamp.expires_at for stamp in snapshot.stamps if stamp.expires_at),
        *(link.expires_at for link in snapshot.links.values()),
    )
    return min((expiry for expiry in expiries if expiry > now), default=_NEVER)


def decide_each(
    snapshots: Sequence[Snapshot], now: datetime, policy: PointsPolicy
) -> list[Outcome | Exception]:
    """Decide for a set of (address, community) pairs that were read together.

    A pair sees the links and points that the pairs before it are about to write, as if each had
    been scored alone, one after the other. No pair may occur twice.

    Returns:
        An outcome for each pair, in their order; or the error that deciding on this pair raised.
    """
    written: dict[int, dict[str, Link]] = {}
    points: dict[str, PointsState] = {}
    decided: list[Outcome | Exception] = []
    for snapshot in snapshots:
        links = written.setdefault(snapshot.community.id, {})
        try:
            outcome = decide(_seeing(snapshot, links, points.get(snapshot.address)), now, policy)
        except Exception as error:  # noqa: BLE001  whatever it is, it concerns this pair alone
            decided.append(error)
            continue
        links.update((change.link.nullifier, change.link) for change in outcome.link_changes)
        if outcome.points.state:
            points[snapshot.address] = outcome.points.state
        decided.append(outcome)
    return decided


def _seeing(snapshot: Snapshot, links: Mapping[str, Link], points: PointsState | None) -> Snapshot:
    """The snapshot with what others before it are about to write."""
    if links:
        links = {**snapshot.links, **links}
        snapshot = msgspec.structs.replace(snapshot, links=links, earlier=None)
    if points and snapshot.points:
        snapshot = msgspec.structs.replace(snapshot, points=points)
    return snapshot


def compute_score(community: Community, deduplication: Deduplication, now: datetime) -> Score:
    """Sum up the weights of the kept stamps and compare with the threshold.

    Raises:
        UnusableWeight: the scorer's weights can't be summed up.

    Source: specification, scoring.md, 5.
    """
    stamp_scores = {
        stamp.provider: community.weight(stamp.provider) for stamp in deduplication.kept
    }
    raw = exact_sum(stamp_scores.values())
    shown = {
        stamp.provider: ShownStamp(
            five_decimals(stamp_scores[stamp.provider]),
            dedup=False,
            expiration_date=stamp.expiration_shown,
        )
        for stamp in deduplication.kept
    }
    shown |= {clash.stamp.provider: _shown_clash(clash) for clash in deduplication.clashes}
    return Score(
        raw=raw,
        threshold=community.threshold,
        passing=raw >= community.threshold,
        computed_at=now,
        expires_at=min((stamp.expires_at for stamp in deduplication.kept), default=None),
        stamp_scores=stamp_scores,
        stamps=shown,
    )


def _shown_clash(clash: Clash) -> ShownStamp:
    return ShownStamp("0.00000", dedup=True, expiration_date=clash.stamp.expiration_date)


def _copy_changes(
    kept: Iterable[Stamp], passport: Passport
) -> tuple[tuple[StoredStamp, ...], tuple[int, ...]]:
    """The kept stamps that are not stored as they should be, and the copies that are in the way."""
    sources = [stamp.source for stamp in kept]
    right = {source.copy_id for source in sources}
    to_copy = tuple(source for source in sources if source.copy_id is None)
    return to_copy, tuple(copy for copy in passport.copies if copy not in right)
