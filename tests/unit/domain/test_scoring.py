"""From a snapshot to the score and the changes to write."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.community import Community
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.decimals import UnusableWeight
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.human_points import PointsPolicy, PointsState
from passport_scorer.domain.scores import Score, ShownStamp
from passport_scorer.domain.scoring import (
    Outcome,
    Passport,
    Snapshot,
    assess,
    decide,
    decide_batch,
)
from passport_scorer.domain.stamps import (
    RejectedStamp,
    Rejection,
    StampPolicy,
    StoredStamp,
    examine,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ME, SHE, HE = (f"0x{digit * 40}" for digit in "abc")
POLICY = PointsPolicy()
WEIGHTS = {"Google": Decimal("0.525"), "Github": Decimal("1.475"), "Ens": Decimal("0.1")}
NULLIFIERS = ("v0:a", "v0:b", "v1:a")


def stored(
    address: str,
    provider: str,
    *nullifiers: str,
    expires: int = 1,
    row_id: int = 1,
    registered_id: int | None = None,
) -> StoredStamp:
    """A genuine stamp that expires in a number of hours."""
    credential = Credential(
        issuer="did:ethr:0x1",
        subject_id=f"did:pkh:eip155:1:{address}",
        provider=provider,
        nullifiers=nullifiers,
        has_nullifiers=True,
        expiration_date=f"as written: {expires}",
        expires_at=NOW + timedelta(hours=expires),
    )
    return StoredStamp(row_id, "1", provider, credential, registered_id)


def snapshot(
    stamps: Sequence[StoredStamp] = (),
    links: Sequence[Link] = (),
    *,
    address: str = ME,
    community_id: int = 1,
    threshold: str = "2",
    registered: tuple[int, ...] = (),
    points: PointsState | None = None,
    multi_nullifier: bool = True,
) -> Snapshot:
    """The snapshot of an address in a community."""
    stamp_policy = StampPolicy(frozenset({"did:ethr:0x1"}), multi_nullifier)
    return Snapshot(
        address=address,
        community=Community(community_id, WEIGHTS, Decimal(threshold), human_points_program=True),
        passport=Passport(1, 1, "1", registered),
        stamps=tuple(examine(stamp, address, stamp_policy) for stamp in stamps),
        links={link.nullifier: link for link in links},
        points=points,
    )


def scored(read: Snapshot, now: datetime = NOW, policy: PointsPolicy = POLICY) -> Outcome:
    """The outcome of one snapshot."""
    return decide(read, now, policy)


def test_a_score_shows_what_counts_and_what_clashes() -> None:
    """Kept stamps are summed up, a clashing one is shown with 0; the earliest expiry counts."""
    stamps = [
        stored(ME, "Google", "v0:a", expires=3),
        stored(ME, "Unknown", "v0:b", expires=2),
        stored(ME, "Ens", "v0:c", expires=1),
    ]
    links = [Link("v0:c", SHE, NOW + timedelta(hours=1))]
    assert assess(snapshot(stamps, links), NOW).score == Score(
        raw=Decimal("0.525"),
        threshold=Decimal(2),
        passing=False,
        expires_at=NOW + timedelta(hours=2),
        stamp_scores={"Google": Decimal("0.525"), "Unknown": Decimal(0)},
        stamps={
            "Google": ShownStamp(
                "0.52500", dedup=False, expiration_date="2026-03-01T03:00:00+00:00"
            ),
            "Unknown": ShownStamp(
                "0.00000", dedup=False, expiration_date="2026-03-01T02:00:00+00:00"
            ),
            "Ens": ShownStamp("0.00000", dedup=True, expiration_date="as written: 1"),
        },
    )


def test_an_address_without_stamps_has_a_score() -> None:
    """The score of no stamps is 0, and never expires."""
    score = assess(snapshot(), NOW).score
    assert (score.raw, score.passing, score.expires_at, dict(score.stamps)) == (
        Decimal(0),
        False,
        None,
        {},
    )


@pytest.mark.parametrize(
    ("threshold", "passing"),
    [("1.99999", True), ("2.00000", True), ("2.00001", False)],
)
def test_a_score_passes_from_the_threshold_on(threshold: str, passing: bool) -> None:
    """A raw score that equals the threshold passes, anything below does not."""
    stamps = [stored(ME, "Google", "v0:a"), stored(ME, "Github", "v0:b")]
    assert assess(snapshot(stamps, threshold=threshold), NOW).score.passing is passing


def test_unusable_weights_are_a_fault() -> None:
    """A weight that is not a number fails the score instead of giving a wrong one."""
    read = snapshot([stored(ME, "Google", "v0:a")])
    community = msgspec.structs.replace(read.community, weights={"Google": Decimal("NaN")})
    with pytest.raises(UnusableWeight):
        assess(msgspec.structs.replace(read, community=community), NOW)


def test_exactly_the_kept_stamps_are_registered() -> None:
    """Missing ones are registered, right ones stay, everything else is unregistered."""
    kept_and_registered = stored(ME, "Google", "v0:a", registered_id=11)
    kept_and_missing = stored(ME, "Github", "v0:b", row_id=2)
    clashing = stored(ME, "Ens", "v0:c", row_id=3, registered_id=12)
    links = [Link("v0:c", SHE, NOW + timedelta(hours=1))]
    stamps = [kept_and_registered, kept_and_missing, clashing]
    changes = assess(snapshot(stamps, links, registered=(10, 11, 12)), NOW).changes
    assert changes.stamps_to_register == (kept_and_missing,)
    assert changes.stamps_to_unregister == (10, 12)


def test_rejected_stamps_are_named_for_the_log() -> None:
    """A rejected stamp is listed with the reason, and doesn't fail the score."""
    rejected = StoredStamp(2, "1", "Github", None, None)
    assessment = assess(snapshot([rejected, stored(ME, "Google", "v0:a")]), NOW)
    assert assessment.rejected == (RejectedStamp("Github", Rejection.SIGNATURE),)
    assert list(assessment.score.stamps) == ["Google"]


@pytest.mark.parametrize(("threshold", "qualifies"), [("0.525", True), ("0.526", False)])
def test_a_passing_score_gives_points(threshold: str, qualifies: bool) -> None:
    """Points follow from the score that was just computed."""
    state = PointsState((), frozenset(), 1, frozenset(), {}, {})
    read = snapshot([stored(ME, "Google", "v0:a")], threshold=threshold, points=state)
    policy = PointsPolicy(written=True)
    assert scored(read, policy=policy).points.newly_qualified is qualifies


@st.composite
def stamps_of(draw: st.DrawFn, address: str) -> list[StoredStamp]:
    """Stamps of an address that share nullifiers with those of others."""
    providers = draw(st.lists(st.sampled_from(sorted(WEIGHTS)), unique=True))
    nullifiers = st.lists(st.sampled_from(NULLIFIERS), min_size=1, max_size=2)
    return [
        stored(address, each, *draw(nullifiers), expires=draw(st.integers(0, 2)))
        for each in providers
    ]


@st.composite
def snapshots(draw: st.DrawFn) -> list[Snapshot]:
    """Snapshots of three addresses in two communities, in any order."""
    stamps = {address: draw(stamps_of(address)) for address in (ME, SHE, HE)}
    owners, expiries = st.sampled_from([ME, SHE]), st.integers(0, 2)
    links = {
        community_id: [
            Link(each, draw(owners), NOW + timedelta(hours=draw(expiries)))
            for each in draw(st.lists(st.sampled_from(NULLIFIERS), unique=True))
        ]
        for community_id in (1, 2)
    }
    pairs = [(address, community_id) for address in stamps for community_id in links]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True))
    multi_nullifier = draw(st.booleans())
    return [
        snapshot(
            stamps[address],
            links[community_id],
            address=address,
            community_id=community_id,
            multi_nullifier=multi_nullifier,
        )
        for address, community_id in chosen
    ]


def one_after_the_other(
    together: Sequence[Snapshot],
) -> tuple[list[Outcome], list[Snapshot]]:
    """Score each alone with the links that earlier ones wrote; also return the snapshots."""
    written: dict[int, dict[str, Link]] = {1: {}, 2: {}}
    outcomes = []
    for read in together:
        links = written[read.community.id]
        seen = msgspec.structs.replace(read, links={**read.links, **links})
        outcomes.append(scored(seen))
        changes = outcomes[-1].assessment.changes.links
        links.update((change.link.nullifier, change.link) for change in changes)
    return outcomes, [
        msgspec.structs.replace(read, links={**read.links, **written[read.community.id]})
        for read in together
    ]


def decided(together: Sequence[Snapshot], now: datetime, policy: PointsPolicy) -> list[Outcome]:
    """The outcomes of a batch in which every pair can be decided."""
    outcomes = [each for each in decide_batch(together, now, policy) if isinstance(each, Outcome)]
    assert len(outcomes) == len(together)
    return outcomes


@given(together=snapshots())
def test_scoring_together_equals_scoring_one_after_the_other(
    together: list[Snapshot],
) -> None:
    """A batch is decided as if each pair were scored after those before it."""
    assert decided(together, NOW, POLICY) == one_after_the_other(together)[0]


@given(together=snapshots(), data=st.data())
def test_a_pair_that_cannot_be_decided_fails_alone(
    together: list[Snapshot], data: st.DataObject
) -> None:
    """In any position of a batch: the others are decided as if it weren't there."""
    unusable = Community(9, {"Google": Decimal("NaN")}, Decimal(1), human_points_program=False)
    good = snapshot([stored(ME, "Google", "v0:a")])
    bad = msgspec.structs.replace(good, community=unusable)
    place = data.draw(st.integers(0, len(together)))
    results = decide_batch([*together[:place], bad, *together[place:]], NOW, POLICY)
    assert isinstance(results.pop(place), UnusableWeight)
    assert results == decided(together, NOW, POLICY)


@given(together=snapshots())
def test_scoring_again_changes_no_link_and_no_score(
    together: list[Snapshot],
) -> None:
    """Once everything is written, the same batch scores the same and leaves nothing to write."""
    first, afterwards = one_after_the_other(together)
    again = decided(afterwards, NOW, POLICY)
    assert [(outcome.score, outcome.assessment.changes.links) for outcome in again] == [
        (outcome.score, ()) for outcome in first
    ]


@given(together=snapshots())
def test_a_nullifier_counts_once_in_a_community(together: list[Snapshot]) -> None:
    """No nullifier is among the kept stamps of two addresses in the same community."""
    owners: dict[tuple[int, str], str] = {}
    for outcome in decided(together, NOW, POLICY):
        read = outcome.snapshot
        for nullifier in {each for kept in outcome.assessment.kept for each in kept.nullifiers}:
            counted_by = owners.setdefault((read.community.id, nullifier), read.address)
            assert counted_by == read.address


@given(together=snapshots(), hours=st.tuples(*[st.sampled_from([-1.0, 0, 0.5, 1, 1.5, 2, 3])] * 2))
def test_a_valid_assessment_is_that_of_any_time(
    together: list[Snapshot], hours: tuple[float, float]
) -> None:
    """While an assessment is valid, assessing again gives the same except for the period."""
    before, now = (NOW + timedelta(hours=each) for each in hours)
    for read in together:
        assessment, fresh = assess(read, before), assess(read, now)
        if assessment.valid_from <= now < assessment.valid_until:
            assert msgspec.structs.replace(fresh, valid_from=assessment.valid_from) == assessment


def test_an_assessment_is_valid_until_something_expires() -> None:
    """It is valid until a stamp or link expires, and not before it was made."""
    links = [Link("v0:c", SHE, NOW + timedelta(hours=2))]
    stamps = [stored(ME, "Google", "v0:a", expires=3), stored(ME, "Ens", "v0:c", expires=4)]
    assessment = assess(snapshot(stamps, links), NOW)
    assert (assessment.valid_from, assessment.valid_until) == (NOW, NOW + timedelta(hours=2))


def test_points_depend_on_the_time_of_the_score() -> None:
    """The same snapshot earns points only after the program has started."""
    state = PointsState((), frozenset(), 1, frozenset(), {}, {"HKY": 10})
    read = snapshot([stored(ME, "Google", "v0:a")], threshold="0.5", points=state)
    starts = NOW + timedelta(minutes=1)
    policy = PointsPolicy(written=True, starts_at=starts)
    assert not decide(read, NOW, policy).points.awards
    assert decide(read, starts, policy).points.awards


def test_a_pair_sees_the_points_that_the_pair_before_it_is_given() -> None:
    """An award in one community is not given again in the next one of the batch."""
    state = PointsState((), frozenset(), 1, frozenset(), {}, {"HKY": 10})
    stamps = [stored(ME, "Google", "v0:a")]
    together = [
        snapshot(stamps, threshold="0.5", community_id=community_id, points=state)
        for community_id in (1, 2)
    ]
    first, second = decided(together, NOW, PointsPolicy(written=True))
    assert first.points.awards
    assert second.snapshot.points == first.points.state != state
