"""The awards of a passing score, and the points that are shown."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.human_points import (
    NO_POINTS,
    Award,
    Earned,
    Points,
    PointsOutcome,
    PointsPolicy,
    PointsState,
    give_points,
    points_of,
    possible_points,
)
from passport_scorer.domain.stamps import Stamp, StoredStamp

NOW = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = PointsPolicy(shown=True, written=True, capped_lists=True)
NEWCOMER = PointsState(
    earned=(), qualified=frozenset(), multiplier=1, lists=frozenset(), given={}, configuration={}
)
ACTION_OF_PROVIDER = {
    "SelfStakingBronze": "ISB",
    "SelfStakingSilver": "ISS",
    "SelfStakingGold": "ISG",
    "BeginnerCommunityStaker": "CSB",
    "ExperiencedCommunityStaker": "CSE",
    "TrustedCitizen": "CST",
    "HolonymGovIdProvider": "HGO",
    "HolonymPhone": "HPH",
    "CleanHands": "HCH",
    "Biometrics": "HBI",
}


def stamp(provider: str, last_nullifier: str | None = None) -> Stamp:
    """A kept stamp; without a last nullifier it is one with a hash."""
    source = StoredStamp(1, "1", provider, None, None)
    return Stamp(source, provider, ("v0:a",), NOW, "", "", last_nullifier)


def given_to(
    state: PointsState | None,
    kept: Sequence[Stamp] = (),
    *,
    policy: PointsPolicy = POLICY,
    passing: bool = True,
) -> PointsOutcome:
    """The points outcome of a score in community 1."""
    return give_points(state, 1, kept, NOW, policy, passing=passing)


def newcomer(**changes: Any) -> PointsState:
    """An address without points, except for these changes."""
    return msgspec.structs.replace(NEWCOMER, **changes)


@pytest.mark.parametrize(("provider", "action"), ACTION_OF_PROVIDER.items())
def test_a_kept_stamp_gives_its_action(provider: str, action: str) -> None:
    """Each provider of the table gives its action, with neither provider nor hash."""
    assert given_to(NEWCOMER, [stamp(provider)]).awards == (Award(action, "", ""),)


def test_other_stamps_give_nothing() -> None:
    """A stamp with a hash, of a provider that is in no table, gives nothing."""
    assert given_to(NEWCOMER, [stamp("Google")]).awards == ()


@pytest.mark.parametrize(
    ("stamps", "awards"),
    [
        ([stamp("Google", "v1:b")], [Award("HKY", "Google", "v1:b")]),
        (
            [stamp("Google", "v1:b"), stamp("Ens", "v1:b")],
            [Award("HKY", "Google", "v1:b"), Award("HKY", "Ens", "v1:b")],
        ),
        (
            [stamp("CleanHands", "v1:b")],
            [Award("HKY", "CleanHands", "v1:b"), Award("HCH")],
        ),
        ([stamp("Github", "v1:b")], []),
        ([stamp("Google", "n" * 100)], [Award("HKY", "Google", "n" * 100)]),
        ([stamp("Google", "n" * 101)], []),
        ([stamp("P" * 101, "v1:b")], []),
    ],
)
def test_human_keys_are_given_for_each_provider(stamps: list[Stamp], awards: list[Award]) -> None:
    """A stamp with a nullifier gives HKY once for its provider, if both fit in their columns."""
    state = newcomer(earned=(Earned("HKY", 0, "Github"),))
    assert list(given_to(state, stamps).awards) == awards


@pytest.mark.parametrize(
    ("others", "bonus"),
    [({2, 3}, False), ({2, 3, 4}, True), ({1, 2, 3}, False), ({1, 2, 3, 4}, True)],
)
def test_the_scoring_bonus_is_given_for_four_communities(others: set[int], bonus: bool) -> None:
    """SCB is given from the fourth community on that the address passes in, this one included."""
    awards = given_to(newcomer(qualified=frozenset(others))).awards
    assert awards == ((Award("SCB"),) if bonus else ())


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("SeasonedPassportOGs", "SOG"),
        ("TheChosenOnes", "TCO"),
        ("MetaMaskOG", "MTA"),
        ("MetaMaskOG2", "MM2"),
    ],
)
def test_a_list_gives_its_action(name: str, action: str) -> None:
    """Every address on a list is given its action."""
    state = newcomer(lists=frozenset({name}), given={"MTA": 0, "MM2": 0})
    assert given_to(state).awards == (Award(action),)


@pytest.mark.parametrize(
    ("given", "awards"),
    [
        ({"MTA": 4999, "MM2": 4999}, (Award("MTA"), Award("MM2"))),
        ({"MTA": 5000, "MM2": 4999}, (Award("MM2"),)),
        ({"MTA": 4999, "MM2": 5000}, (Award("MTA"),)),
        ({"MTA": 5001, "MM2": 5000}, ()),
        ({}, ()),
    ],
)
def test_capped_actions_are_given_five_thousand_times(
    given: dict[str, int], awards: tuple[Award, ...]
) -> None:
    """Each capped action has 5000 awards of its own; without a count there is no award."""
    state = newcomer(lists=frozenset({"MetaMaskOG", "MetaMaskOG2"}), given=given)
    assert given_to(state).awards == awards


def test_unlimited_lists_have_no_limit_and_need_no_permission() -> None:
    """With capped lists turned off, the others still give their actions."""
    lists = {"MetaMaskOG", "MetaMaskOG2", "SeasonedPassportOGs", "TheChosenOnes"}
    state = newcomer(lists=frozenset(lists), given={"MTA": 0, "MM2": 0})
    awards = given_to(state, policy=PointsPolicy(written=True)).awards
    assert awards == (Award("SOG"), Award("TCO"))


@pytest.mark.parametrize(
    ("lists", "capped"),
    [({"MetaMaskOG"}, True), ({"MetaMaskOG2"}, True), ({"TheChosenOnes"}, False)],
)
def test_awards_of_capped_actions_are_marked(lists: set[str], capped: bool) -> None:
    """The outcome tells whether it contains a capped action."""
    state = newcomer(lists=frozenset(lists), given={"MTA": 0, "MM2": 0})
    assert given_to(state).has_capped is capped


EVERYTHING = [
    *(stamp(provider) for provider in ACTION_OF_PROVIDER),
    stamp("Google", "v0:a"),
    stamp("Ens", "v0:b"),
]


@given(
    kept=st.lists(st.sampled_from(EVERYTHING), unique_by=lambda each: each.provider),
    lists=st.sets(
        st.sampled_from(["MetaMaskOG", "MetaMaskOG2", "SeasonedPassportOGs", "TheChosenOnes"])
    ),
    qualified=st.sets(st.integers(1, 5)),
)
def test_nothing_is_given_twice(kept: list[Stamp], lists: set[str], qualified: set[int]) -> None:
    """Passing again with the same stamps gives nothing more."""
    state = newcomer(
        lists=frozenset(lists), qualified=frozenset(qualified), given={"MTA": 0, "MM2": 0}
    )
    first = given_to(state, kept)
    assert first.state is not None
    assert given_to(first.state, kept) == PointsOutcome(first.state)


def test_an_action_on_a_chain_is_another_one() -> None:
    """An action earned on a chain does not prevent the same action without a chain."""
    state = newcomer(earned=(Earned("HCH", 10, ""),))
    assert given_to(state, [stamp("CleanHands")]).awards == (Award("HCH"),)


def test_awards_are_part_of_the_points_at_once() -> None:
    """The new state contains the awards and the community."""
    state = newcomer(earned=(Earned("PMT", 10, ""),), qualified=frozenset({7}))
    outcome = given_to(state, [stamp("Google", "v1:b"), stamp("Biometrics")])
    assert outcome.state == newcomer(
        earned=(Earned("PMT", 10, ""), Earned("HKY", 0, "Google"), Earned("HBI", 0, "")),
        qualified=frozenset({1, 7}),
    )


@pytest.mark.parametrize(("qualified", "newly"), [(set(), True), ({2}, True), ({1}, False)])
def test_an_address_qualifies_in_a_community_once(qualified: set[int], newly: bool) -> None:
    """The community is recorded when the address first passes in it."""
    assert given_to(newcomer(qualified=frozenset(qualified))).newly_qualified is newly


def test_a_community_outside_the_program_has_no_points() -> None:
    """Without points, nothing is awarded or shown."""
    assert given_to(None, EVERYTHING) == NO_POINTS


@pytest.mark.parametrize(
    ("policy", "passing"),
    [
        (POLICY, False),
        (PointsPolicy(shown=True), True),
        (PointsPolicy(written=True, starts_at=NOW + timedelta(microseconds=1)), True),
    ],
)
def test_nothing_is_given_unless_allowed_and_passing(policy: PointsPolicy, passing: bool) -> None:
    """A score that fails, points that aren't written or haven't begun: all stays as it is."""
    outcome = given_to(NEWCOMER, EVERYTHING, policy=policy, passing=passing)
    assert outcome == PointsOutcome(NEWCOMER)


def test_points_are_given_from_the_first_instant_on() -> None:
    """The start is the first instant at which points are given."""
    policy = PointsPolicy(written=True, starts_at=NOW)
    assert given_to(NEWCOMER, policy=policy).newly_qualified


@pytest.mark.parametrize(
    ("shown", "written", "of_interest"),
    [(False, False, False), (True, False, True), (False, True, True)],
)
def test_points_are_read_where_they_are_shown_or_written(
    shown: bool, written: bool, of_interest: bool
) -> None:
    """Points that are neither shown nor written need not be loaded; that is the default."""
    assert PointsPolicy(shown=shown, written=written).is_of_interest is of_interest
    assert PointsPolicy() == PointsPolicy(shown=False, written=False)


def test_points_are_summed_up_by_action_and_by_chain() -> None:
    """Actions are summed over chains, and shown for each chain; each counts once in the total."""
    state = newcomer(
        earned=(
            Earned("PMT", 10, ""),
            Earned("PMT", 8453, "", count=2),
            Earned("SCB", 0, ""),
            Earned("HKY", 0, "Google", count=3),
            Earned("HKY", 0, "Ens"),
            Earned("HIM", 10, "", count=5),
            Earned("ISB", 0, ""),
        ),
        qualified=frozenset({3}),
        multiplier=2,
        configuration={"PMT": 75, "SCB": 550, "HKY": 100, "HIM": 1000, "MTA": 50},
    )
    assert points_of(state) == Points(
        total_points=225 + 550 + 400,
        is_eligible=True,
        multiplier=2,
        breakdown={"PMT": 225, "SCB": 550, "HKY": 400, "PMT_10": 75, "PMT_8453": 150},
    )


def test_a_newcomer_has_no_points() -> None:
    """An address that has not passed in any community is not eligible."""
    assert points_of(NEWCOMER) == Points(0, is_eligible=False, multiplier=1, breakdown={})


def test_possible_points_are_the_active_configuration() -> None:
    """Every active action is shown with its points, HIM too, in no total."""
    configuration = {"HIM": 1000, "SCB": 550}
    state = newcomer(qualified=frozenset({3}), multiplier=3, configuration=configuration)
    assert possible_points(state) == Points(
        total_points=0, is_eligible=False, multiplier=3, breakdown=configuration
    )
