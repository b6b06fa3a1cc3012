"""Batched requests: the outcomes and rows are those of one request after the other."""

from __future__ import annotations

import asyncio
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from passport_scorer.domain.community import ScorerNotFound

from .world import COMMUNITY, World, address, kept, world

PEOPLE = ("ann", "ben", "cat", "dan")
PROVIDERS = ("Google", "Github", "Ens")
WEIGHTS = {"Google": "1.5", "Github": "0.25", "Ens": "2"}

stamps = st.dictionaries(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PROVIDERS)),
    st.lists(st.sampled_from(["v0:a", "v0:b", "v1:c", "v1:d"]), min_size=1, max_size=2),
    max_size=8,
)


async def test_a_bad_community_fails_only_its_own_request(world: World) -> None:
    """A request whose community can't score fails; the others in its batch get their scores."""
    await world.add_community(8, weights={"Google": "1"}, threshold="NaN")
    for name in ("ann", "ben", "cat"):
        await world.add_stamp(name, "Google", [f"v0:{name}"])
    async with world.scorer() as scorer:
        results = await asyncio.gather(
            scorer.score("ann"),
            scorer.score("ben", community_id=8),
            scorer.score("cat"),
            scorer.score("ben"),
            return_exceptions=True,
        )
    assert [type(result) for result in results].count(ScorerNotFound) == 1
    assert isinstance(results[1], ScorerNotFound)
    assert len(await world.rows("SELECT FROM registry_score")) == 3


async def test_only_conflicting_pairs_are_retried(world: World) -> None:
    """Only the conflicting pairs of a batch are loaded again; each is scored once, none fails."""
    names = ("ann", "ben", "cat", "dan")
    for name in names:
        await world.add_stamp(name, "Google", ["v0:shared" if name != "ann" else "v0:ann"])
    async with world.scorer() as scorer, world.scorer() as other:
        snapshots = await scorer.load(*names)
        await other.score("cat")
        outcomes = await scorer.save(snapshots)
    assert [kept(outcome) for outcome in outcomes] == [["Google"], [], ["Google"], []]
    events = await world.rows(
        "SELECT address, count(*) FROM registry_event WHERE action = 'SCU' GROUP BY 1"
    )
    assert {row["address"]: row["count"] for row in events} == {
        address(name): 2 if name == "cat" else 1 for name in names
    }


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_any_batch_equals_one_after_the_other(database_url: str) -> None:
    """Saving a batch leaves the rows that the same scores leave one by one, in that order."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(stored=stamps, order=st.permutations(PEOPLE), rounds=st.integers(1, 2))
    def check(stored: dict[Any, list[str]], order: list[str], rounds: int) -> None:
        runner.run(compare(stored, order, rounds))

    async def compare(stored: dict[Any, list[str]], order: list[str], rounds: int) -> None:
        together = await left_by(stored, order, rounds, together=True)
        assert together == await left_by(stored, order, rounds, together=False)

    async def left_by(
        stored: dict[Any, list[str]], order: list[str], rounds: int, *, together: bool
    ) -> object:
        async with world(database_url) as fresh:
            await fresh.connection.execute(
                """TRUNCATE auth_user, scorer_weighted_scorer, ceramic_cache_ceramiccache
                RESTART IDENTITY CASCADE"""
            )
            await fresh.add_community(weights=WEIGHTS)
            for (name, provider), nullifiers in stored.items():
                await fresh.add_stamp(name, provider, nullifiers)
            async with fresh.scorer() as scorer:
                outcomes = []
                for _ in range(rounds):
                    if together:
                        outcomes += await scorer.save(await scorer.load(*order))
                    else:
                        outcomes += [await scorer.score(name) for name in order]
            rows = await everything(fresh)
        return [(kept(outcome), outcome.score.raw) for outcome in outcomes], rows

    with asyncio.Runner() as runner:
        check()


async def everything(world: World) -> dict[str, object]:
    """Return the rows of all tables, without surrogate ids."""
    people = {address(name): name for name in PEOPLE}
    return {
        "links": await world.links(),
        "registered": {name: await world.registered(name) for name in people.values()},
        "events": await world.rows(
            """SELECT action, address, data - 'pk' #- '{fields,passport}' AS data
            FROM registry_event ORDER BY 2, 1, 3"""
        ),
        "scores": await world.rows(
            """SELECT p.address, s.score, s.stamps, s.evidence, s.stamp_scores, s.expiration_date
            FROM registry_score s JOIN registry_passport p ON p.id = s.passport_id
            WHERE p.community_id = $1 ORDER BY 1""",
            COMMUNITY,
        ),
    }
