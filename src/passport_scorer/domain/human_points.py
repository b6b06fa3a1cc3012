"""Human Points: the actions that a passing address is awarded, and the points that it has.

Source: docs/rules/human-points.md, "When points are awarded" and "Actions".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from passport_scorer.domain.stamps import Stamp

HUMAN_KEYS = "HKY"
SCORING_BONUS = "SCB"
HUMAN_ID_MINT = "HIM"  # awarded by other programs; never part of the points of an address

COMMUNITIES_FOR_BONUS = 4
ACTION_CAP = 5000  # awards of each capped action, over all addresses
_LONGEST_TEXT = 100  # characters; the columns provider and tx_hash

STAMP_ACTIONS: Mapping[str, str] = {
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
"""Provider of a kept stamp -> action."""

LIST_ACTIONS: Mapping[str, str] = {"SeasonedPassportOGs": "SOG", "TheChosenOnes": "TCO"}
"""Address list -> action of every address on it."""

CAPPED_LIST_ACTIONS: Mapping[str, str] = {"MetaMaskOG": "MTA", "MetaMaskOG2": "MM2"}
"""Address list -> capped action, of the first `ACTION_CAP` addresses."""


class PointsPolicy(msgspec.Struct, frozen=True):
    """The operator's decisions about Human Points.

    Attributes:
        shown: points are part of responses.
        written: actions are awarded.
        starts_at: when awards start (aware); None: they always have.
        capped_lists: award the capped actions.
    """

    shown: bool = False
    written: bool = False
    starts_at: datetime | None = None
    capped_lists: bool = False

    @property
    def is_of_interest(self) -> bool:
        """True if points must be loaded at all."""
        return self.shown or self.written

    def gives(self, now: datetime) -> bool:
        """Return True if actions are awarded at `now` (aware)."""
        return self.written and (self.starts_at is None or now >= self.starts_at)


class Earned(msgspec.Struct, frozen=True, gc=False):
    """Awards of an action to an address, on a chain (0: none) and for a provider ('': none)."""

    action: str
    chain_id: int
    provider: str
    count: int = 1


class PointsState(msgspec.Struct, frozen=True):
    """The Human Points of an address, over all communities that take part.

    Attributes:
        earned: the awards of the address.
        qualified: the communities that it has passed in.
        multiplier: its own, or 1.
        lists: the address lists with actions that contain the address.
        given: capped action -> number of awards; only actions that the address can still get.
        configuration: active action -> points.
    """

    earned: tuple[Earned, ...]
    qualified: frozenset[int]
    multiplier: int
    lists: frozenset[str]
    given: Mapping[str, int]
    configuration: Mapping[str, int]


class Award(msgspec.Struct, frozen=True, gc=False):
    """A new award of an action; `provider` and `tx_hash` are '' if it has none."""

    action: str
    provider: str = ""
    tx_hash: str = ""


class PointsOutcome(msgspec.Struct, frozen=True):
    """The decision about points.

    Attributes:
        state: after the awards; None if the community does not take part.
        newly_qualified: the address passes in this community for the first time.
        awards: the new awards.
    """

    state: PointsState | None = None
    newly_qualified: bool = False
    awards: tuple[Award, ...] = ()

    @property
    def has_capped(self) -> bool:
        """True if one of the awards is of a capped action."""
        capped = CAPPED_LIST_ACTIONS.values()
        return any(award.action in capped for award in self.awards)


NO_POINTS = PointsOutcome()


def give_points(
    state: PointsState | None,
    community_id: int,
    kept: Sequence[Stamp],
    now: datetime,
    policy: PointsPolicy,
    *,
    passing: bool,
) -> PointsOutcome:
    """Decide which actions a score earns.

    Args:
        state: the points of the address; None if the community does not take part.
        community_id: where it was scored.
        kept: the stamps that count.
        now: aware.
        policy: the operator's decisions.
        passing: True if the score passes.
    """
    if state is None:
        return NO_POINTS
    if not passing or not policy.gives(now):
        return PointsOutcome(state)
    qualified = state.qualified | {community_id}
    awards = tuple(_awards(state, qualified, kept, policy))
    return PointsOutcome(
        state=msgspec.structs.replace(
            state,
            qualified=qualified,
            earned=state.earned + tuple(Earned(a.action, 0, a.provider) for a in awards),
        ),
        newly_qualified=community_id not in state.qualified,
        awards=awards,
    )


def _awards(
    state: PointsState, qualified: frozenset[int], kept: Sequence[Stamp], policy: PointsPolicy
) -> Iterator[Award]:
    has = {earned.action for earned in state.earned if not earned.chain_id}
    yield from _human_keys(state.earned, kept)
    for action in _single_actions(state, qualified, kept, policy):
        if action not in has:
            yield Award(action)


def _human_keys(earned: Iterable[Earned], kept: Iterable[Stamp]) -> Iterator[Award]:
    has = {each.provider for each in earned if each.action == HUMAN_KEYS}
    for stamp in kept:
        nullifier = stamp.last_nullifier
        if (
            nullifier
            and stamp.provider not in has
            and max(len(nullifier), len(stamp.provider)) <= _LONGEST_TEXT
        ):
            yield Award(HUMAN_KEYS, stamp.provider, nullifier)


def _single_actions(
    state: PointsState, qualified: frozenset[int], kept: Sequence[Stamp], policy: PointsPolicy
) -> Iterator[str]:
    for stamp in kept:
        if stamp.provider in STAMP_ACTIONS:
            yield STAMP_ACTIONS[stamp.provider]
    if len(qualified) >= COMMUNITIES_FOR_BONUS:
        yield SCORING_BONUS
    for name, action in LIST_ACTIONS.items():
        if name in state.lists:
            yield action
    for name, action in CAPPED_LIST_ACTIONS.items():
        if (
            policy.capped_lists
            and name in state.lists
            and state.given.get(action, ACTION_CAP) < ACTION_CAP
        ):
            yield action


class Points(msgspec.Struct, frozen=True):
    """Human Points.

    Attributes:
        total_points: the sum of all actions, each counted once, before the multiplier.
        is_eligible: whether the address has passed in a participating community.
        multiplier: the factor that applies to the points of the address.
        breakdown: action -> points, summed over chains, and `<action>_<chain id>` -> points.
    """

    total_points: int
    is_eligible: bool
    multiplier: int
    breakdown: Mapping[str, int]


def points_of(state: PointsState) -> Points:
    """Return the points that an address has."""
    by_action: dict[str, int] = {}
    by_chain: dict[str, int] = {}
    for earned in state.earned:
        worth = state.configuration.get(earned.action)
        if worth is None or earned.action == HUMAN_ID_MINT:
            continue
        points = worth * earned.count
        by_action[earned.action] = by_action.get(earned.action, 0) + points
        if earned.chain_id:
            name = f"{earned.action}_{earned.chain_id}"
            by_chain[name] = by_chain.get(name, 0) + points
    return Points(
        total_points=sum(by_action.values()),
        is_eligible=bool(state.qualified),
        multiplier=state.multiplier,
        breakdown=by_action | by_chain,
    )


def possible_points(state: PointsState) -> Points:
    """Return the points that each action gives, for the same address."""
    return Points(0, is_eligible=False, multiplier=state.multiplier, breakdown=state.configuration)
