"""Concurrent requests, in every order: one wins, none fails, no row is duplicated or lost."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest

from passport_scorer.db.errors import WriteConflict
from passport_scorer.db.queries.write_scoring import save_outcomes
from passport_scorer.domain.human_points import ACTION_CAP, PointsPolicy
from passport_scorer.domain.scoring import Outcome, Snapshot, decide
from passport_scorer.scoring.snapshots import Loaded

from .world import Scorer, World, address, kept

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer

# Each of two requests loads, then saves: all orders of the four steps.
ORDERS = sorted(set(itertools.permutations("aabb")))
POLICY = PointsPolicy()


async def in_order(
    order: tuple[str, ...], scorers: dict[str, Scorer], names: dict[str, str]
) -> None:
    """Run the steps of two requests in this order."""
    loaded: dict[str, list[Loaded]] = {}
    for who in order:
        if who not in loaded:
            loaded[who] = await scorers[who].load(names[who])
        else:
            await scorers[who].save(loaded[who])


async def assert_sound(world: World) -> None:
    """No row is duplicated, and every registered stamp is a kept one."""
    assert not await world.rows(
        """SELECT address, community_id FROM registry_passport GROUP BY 1, 2 HAVING count(*) > 1"""
    )
    assert not await world.rows(
        "SELECT passport_id, provider FROM registry_stamp GROUP BY 1, 2 HAVING count(*) > 1"
    )
    assert not await world.rows(
        """SELECT s.passport_id, k.key FROM registry_score s, jsonb_each(s.stamps) k
        WHERE (k.value ->> 'dedup')::boolean = EXISTS (SELECT FROM registry_stamp c
            WHERE c.passport_id = s.passport_id AND c.provider = k.key)"""
    )


@pytest.mark.parametrize("order", ORDERS, ids="".join)
async def test_two_addresses_with_one_nullifier(world: World, order: tuple[str, ...]) -> None:
    """Exactly one of them keeps the stamp, in every order."""
    await world.add_stamp("ann", "Google", ["v0:x", "v1:x"])
    await world.add_stamp("ben", "Google", ["v1:x", "v2:ben", "v0:x"])
    async with world.scorer() as a, world.scorer() as b:
        await in_order(order, {"a": a, "b": b}, {"a": "ann", "b": "ben"})
    assert len(await world.registered("ann")) + len(await world.registered("ben")) == 1
    owners = {owner for owner, _ in (await world.links()).values()}
    assert owners == {address("ann" if await world.registered("ann") else "ben")}
    await assert_sound(world)


@pytest.mark.parametrize("scored_before", [False, True])
@pytest.mark.parametrize("order", ORDERS, ids="".join)
async def test_one_address_twice(world: World, order: tuple[str, ...], scored_before: bool) -> None:
    """Two requests for the same address leave what one leaves, in every order."""
    await world.add_stamp("ann", "Google", ["v0:x"])
    async with world.scorer() as a, world.scorer() as b:
        if scored_before:
            await a.score("ann")
            await world.add_stamp("ann", "Ens", ["v0:y"])
        await in_order(order, {"a": a, "b": b}, {"a": "ann", "b": "ann"})
    assert await world.registered("ann") == (["Ens", "Google"] if scored_before else ["Google"])
    assert len(await world.rows("SELECT FROM registry_event")) == 2 + scored_before
    await assert_sound(world)


@pytest.mark.parametrize("first_commits", [True, False])
@pytest.mark.parametrize("other", ["ann", "ben"])
async def test_a_save_that_waits_for_another(world: World, first_commits: bool, other: str) -> None:
    """A save that waited for another is retried if that was committed, and completed if not."""
    for name in {"ann", other}:
        await world.add_stamp(name, "Google", ["v0:x", "v1:x"])
    async with world.scorer() as a, world.scorer() as b:
        first, second = await a.load("ann"), await b.load(other)
        outcomes = decided(await a.snapshots(first), world)
        with nullcontext() if first_commits else pytest.raises(ZeroDivisionError):
            async with a.database.transaction() as connection:
                await save_outcomes(connection, outcomes, world.now)
                waiting = asyncio.create_task(b.save(second))
                await until_it_waits(world)
                if not first_commits:
                    raise ZeroDivisionError
        (outcome,) = await waiting
    assert kept(outcome) == (["Google"] if other == "ann" or not first_commits else [])
    await assert_sound(world)


def decided(snapshots: Sequence[Snapshot], world: World) -> list[Outcome]:
    """Return the outcomes of snapshots, decided now."""
    now = world.now
    return [decide(each, now, POLICY) for each in snapshots]


async def until_it_waits(world: World) -> None:
    """Return as soon as a statement waits for a lock."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    while not await world.connection.fetchval(waits + " AND wait_event_type = 'Lock'"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_a_write_conflict_leaves_nothing(world: World) -> None:
    """A conflicting statement is undone as a whole, claims of other nullifiers included."""
    await world.add_stamp("ann", "Google", ["v0:x"])
    await world.add_stamp("ben", "Ens", ["v0:ben"])
    await world.add_stamp("ben", "Google", ["v0:x"])
    async with world.scorer() as a, world.scorer() as b:
        stale = await b.load("ben")
        await a.score("ann")
        before = await world.state()
        with pytest.raises(WriteConflict):
            await save_outcomes(b.database, decided(await b.snapshots(stale), world), world.now)
        assert await world.state() == before


async def test_a_write_conflict_logs_little_on_the_server(
    world: World, postgresql_server: PostgresqlServer
) -> None:
    """The server does not log the text of the statement, which would be kilobytes each time."""
    name = await world.connection.fetchval("SELECT current_database()")
    for setting in ("log_min_messages", "log_min_error_statement"):
        postgresql_server.run(f"ALTER DATABASE {name} SET {setting} = 'error'")
    await world.add_stamp("ann", "Google", ["v0:x"])
    await world.add_stamp("ben", "Google", ["v0:x"])
    log = postgresql_server.server.folder / "log"
    async with world.scorer() as a, world.scorer() as b:
        stale = await b.load("ben")
        await a.score("ann")
        before = log.stat().st_size
        (outcome,) = await b.save(stale)
    assert kept(outcome) == []
    connection = await asyncpg.connect(world.url)
    with pytest.raises(asyncpg.DivisionByZeroError):  # an error of a statement does show there
        await connection.fetch("SELECT 1 / 0 AS registry")
    await connection.close()
    logged = log.read_bytes()[before:].decode()
    assert logged.count("STATEMENT") == logged.count("SELECT 1 / 0") == 1
    assert logged.count("ERROR:") == 2
    assert len(logged) < 2000


async def test_a_stamp_that_changed_after_the_load_is_not_registered(world: World) -> None:
    """Only a verified document is registered for a passport, never a later one of the same row."""
    await world.add_stamp("ann", "Google", ["v0:x"])
    async with world.scorer() as scorer:
        stale = await scorer.load("ann")
        await world.connection.execute(
            """UPDATE ceramic_cache_ceramiccache SET stamp = jsonb_set(stamp, '{extra}', '1')"""
        )
        (outcome,) = await scorer.save(stale)
    assert kept(outcome) == []
    assert await world.registered("ann") == []


async def test_an_expired_link_goes_to_one_of_two_addresses(world: World) -> None:
    """Two addresses claim the expired link of a third at the same time: one of them gets it."""
    await world.add_stamp("old", "Google", ["v0:x"], lasts=timedelta(days=1))
    async with world.scorer() as a, world.scorer() as b:
        await a.score("old")
        world.now += timedelta(days=1)
        for name in ("ann", "ben"):
            await world.add_stamp(name, "Google", ["v0:x"])
        first, second = await a.load("ann"), await b.load("ben")
        outcomes = await asyncio.gather(a.save(first), b.save(second))
    assert sorted(kept(outcome) for (outcome,) in outcomes) == [[], ["Google"]]
    await assert_sound(world)


async def test_many_requests_in_three_processes(world: World) -> None:
    """Ninety requests for six addresses in a ring of shared nullifiers: all are answered."""
    names = [f"p{i}" for i in range(6)]
    for i, name in enumerate(names):
        shared = [f"v0:ring{i}", f"v0:ring{(i + 1) % len(names)}"]
        await world.add_stamp(name, "Google", shared[:: -1 if i % 2 else 1])
        await world.add_stamp(name, "Ens", ["v0:all"])
    async with world.scorer() as a, world.scorer() as b, world.scorer() as c:
        requests = [scorer.score(name) for name in names * 5 for scorer in (a, b, c)]
        await asyncio.gather(*requests)
    assert len(await world.rows("SELECT FROM registry_event WHERE action = 'SCU'")) == 90
    assert len(await world.rows("SELECT FROM registry_stamp WHERE provider = 'Ens'")) == 1
    await assert_sound(world)


async def test_the_last_capped_award_is_given_once(world: World) -> None:
    """Many addresses qualify for the last award of a capped action: one of them gets it."""
    await world.add_community(8, weights={"Google": "1"}, human_points=True)
    names = [f"p{i}" for i in range(8)]
    for name in names:
        await world.add_stamp(name, "Google", [f"v0:{name}"])
    await world.connection.execute(
        """WITH list AS (INSERT INTO account_addresslist (name) VALUES ('MetaMaskOG') RETURNING id)
        INSERT INTO account_addresslistmember (address, list_id)
        SELECT unnest($1::text[]), id FROM list""",
        [address(name) for name in names],
    )
    await world.connection.execute(
        """INSERT INTO registry_humanpoints
            (address, action, timestamp, tx_hash, chain_id, provider)
        SELECT 'somebody ' || n, 'MTA', now(), '', 0, '' FROM generate_series(1, $1) n""",
        ACTION_CAP - 1,
    )
    policy = PointsPolicy(written=True, capped_lists=True)
    async with world.scorer(points=policy) as a, world.scorer(points=policy) as b:
        scorers = itertools.cycle((a, b))
        await asyncio.gather(*(next(scorers).score(name, community_id=8) for name in names))
    (row,) = await world.rows("SELECT count(*) FROM registry_humanpoints WHERE action = 'MTA'")
    assert row["count"] == ACTION_CAP
