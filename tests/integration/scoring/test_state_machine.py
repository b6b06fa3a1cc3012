"""Deduplication against a small model: any sequence of events, and both agree after each."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from .world import START, World, address, kept, world

PEOPLE = ("ann", "ben", "cat")
PROVIDERS = ("Google", "Github", "Ens")
COMMUNITIES = (7, 8)
NULLIFIERS = ("v0:a", "v0:b", "v1:c", "v1:d")
WEIGHTS = {"Google": "1.5", "Github": "0.25"}

people = st.sampled_from(PEOPLE)
providers = st.sampled_from(PROVIDERS)
communities = st.sampled_from(COMMUNITIES)


class Model:
    """The same rules, written as plainly as can be: dictionaries and loops."""

    def __init__(self, *, multi_nullifier: bool) -> None:
        self.now = START
        self.multi_nullifier = multi_nullifier
        self.weights = {community: dict(WEIGHTS) for community in COMMUNITIES}
        self.stamps: dict[str, dict[str, tuple[tuple[str, ...], datetime]]] = {
            person: {} for person in PEOPLE
        }
        self.links: dict[int, dict[str, tuple[str, datetime]]] = {7: {}, 8: {}}

    def live_owner(self, community: int, nullifier: str) -> str | None:
        """Return the owner of a live link."""
        owner, expires = self.links[community].get(nullifier, ("", START))
        return owner if owner and expires > self.now else None

    def score(self, person: str, community: int) -> tuple[list[str], Decimal]:
        """Return the kept providers and the raw score, and change the links."""
        links = self.links[community]
        stamps = {
            provider: (self.looked_at(nullifiers), expires)
            for provider, (nullifiers, expires) in sorted(self.stamps[person].items())
            if expires > self.now
        }
        clashing = {
            provider: next(n for n in nullifiers if self.is_others(community, n, person))
            for provider, (nullifiers, _) in stamps.items()
            if any(self.is_others(community, n, person) for n in nullifiers)
        }
        owners = {provider: links[nullifier] for provider, nullifier in clashing.items()}
        mine = [provider for provider in stamps if provider not in clashing]
        wanted: dict[str, datetime] = {}
        for provider in mine:
            for nullifier in stamps[provider][0]:
                wanted[nullifier] = max(stamps[provider][1], wanted.get(nullifier, START))
        links |= {nullifier: (person, expires) for nullifier, expires in wanted.items()}
        for provider, owner in owners.items():
            for nullifier in stamps[provider][0]:
                if self.live_owner(community, nullifier) is None:
                    links[nullifier] = owner
        weights = self.weights[community]
        return mine, sum((Decimal(weights.get(p, "0")) for p in mine), Decimal(0))

    def looked_at(self, nullifiers: tuple[str, ...]) -> tuple[str, ...]:
        """The nullifiers of a stamp that deduplication looks at."""
        if self.multi_nullifier:
            return nullifiers
        return tuple(nullifier for nullifier in nullifiers if nullifier.startswith("v0"))

    def is_others(self, community: int, nullifier: str, person: str) -> bool:
        """True if another address has it now."""
        return self.live_owner(community, nullifier) not in (None, person)


class Deduplication(RuleBasedStateMachine):
    """Any sequence of events on stamps, links and weights."""

    url: str
    runner: asyncio.Runner
    multi_nullifier: bool

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(multi_nullifier=self.multi_nullifier)
        self.ids: dict[tuple[str, str], int] = {}
        self.context = world(self.url)
        self.world: World = self.runner.run(self.context.__aenter__())
        self.runner.run(self._begin())

    async def _begin(self) -> None:
        tables = "auth_user, scorer_weighted_scorer, ceramic_cache_ceramiccache"
        await self.world.connection.execute(f"TRUNCATE {tables} CASCADE")
        for community in COMMUNITIES:
            await self.world.add_community(community, weights=WEIGHTS)
        self.scorer_context = self.world.scorer(multi_nullifier=self.multi_nullifier)
        self.scorer = await self.scorer_context.__aenter__()

    def teardown(self) -> None:
        """Close everything."""
        self.runner.run(self.scorer_context.__aexit__(None, None, None))
        self.runner.run(self.context.__aexit__(None, None, None))

    @rule(
        person=people,
        provider=providers,
        nullifiers=st.lists(st.sampled_from(NULLIFIERS), min_size=1, max_size=3, unique=True),
        days=st.integers(1, 40),
    )
    def store(self, person: str, provider: str, nullifiers: list[str], days: int) -> None:
        """A stamp is stored, or replaced, perhaps with other nullifiers."""
        lasts = timedelta(days=days)
        adding = self.world.add_stamp(person, provider, nullifiers, lasts=lasts)
        self.ids[person, provider] = self.runner.run(adding)
        self.model.stamps[person][provider] = (tuple(nullifiers), self.model.now + lasts)

    @rule(person=people, provider=providers)
    def delete(self, person: str, provider: str) -> None:
        """A stamp is deleted."""
        self.runner.run(self.world.delete_stamp(person, provider))
        self.model.stamps[person].pop(provider, None)

    @rule(person=people, provider=providers)
    def revoke(self, person: str, provider: str) -> None:
        """A stamp is revoked."""
        if self.model.stamps[person].pop(provider, None):
            self.runner.run(self.world.revoke_stamp(self.ids[person, provider]))

    @rule(days=st.integers(1, 30))
    def wait(self, days: int) -> None:
        """Time passes; stamps and links expire."""
        self.model.now += timedelta(days=days)
        self.world.now = self.model.now

    @rule(community=communities, provider=providers, weight=st.integers(0, 300))
    def weigh(self, community: int, provider: str, weight: int) -> None:
        """A weight changes."""
        self.model.weights[community][provider] = str(Decimal(weight) / 100)
        self.runner.run(self.world.set_weights(self.model.weights[community], community))

    @rule(person=people, community=communities, again=st.booleans())
    def score(self, person: str, community: int, again: bool) -> None:
        """An address is scored: as the model says, and a second time without any change."""
        outcome = self.runner.run(self.scorer.score(person, community))
        expected, raw = self.model.score(person, community)
        assert (kept(outcome), outcome.score.raw) == (sorted(expected), raw)
        registered = self.runner.run(self.world.registered(person, community))
        assert registered == sorted(expected)
        if again:
            before = self.runner.run(self.world.state())
            self.runner.run(self.scorer.score(person, community))
            assert self.runner.run(self.world.state()) == before

    @invariant()
    def the_links_agree(self) -> None:
        """Each nullifier belongs to the same address as in the model."""
        for community in COMMUNITIES:
            links = self.runner.run(self.world.links(community))
            expected = {
                nullifier: (address(owner), expires)
                for nullifier, (owner, expires) in self.model.links[community].items()
            }
            assert links == expected


@pytest.mark.timeout(300)
@pytest.mark.parametrize("multi_nullifier", [True, False])
def test_deduplication_agrees_with_the_model(database_url: str, multi_nullifier: bool) -> None:
    """Claim, expire, take over, backfill, revoke, delete, change weights: always as the model."""
    with asyncio.Runner() as runner:
        members = {"url": database_url, "runner": runner, "multi_nullifier": multi_nullifier}
        machine = type("Machine", (Deduplication,), members)
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=25,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
