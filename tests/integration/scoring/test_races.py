"""Two requests at once, in every order: one winner, no error, nothing twice, nothing lost."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest

from passport_scorer.db.errors import WriteConflict
from passport_scorer.db.queries.scores import WRITE_SCORING, write_parameters
from passport_scorer.domain.human_points import LIMIT, PointsPolicy
from passport_scorer.domain.scoring import Snapshot, decide

from .world import Road, World, address, kept

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer

# Each of two requests reads, then settles: all orders of the four steps.
ORDERS = sorted(set(itertools.permutations("aabb")))
POLICY = PointsPolicy()


async def in_order(order: tuple[str, ...], roads: dict[str, Road], names: dict[str, str]) -> None:
    """Let two requests take their steps in this order."""
    read: dict[str, list[Snapshot]] = {}
    for who in order:
        if who not in read:
            read[who] = await roads[who].read(names[who])
        else:
            await roads[who].settle(read[who])


async def assert_sound(world: World) -> None:
    """No row is there twice, and every copy belongs to a kept stamp."""
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
    async with world.road() as a, world.road() as b:
        await in_order(order, {"a": a, "b": b}, {"a": "ann", "b": "ben"})
    assert len(await world.copies("ann")) + len(await world.copies("ben")) == 1
    owners = {owner for owner, _ in (await world.links()).values()}
    assert owners == {address("ann" if await world.copies("ann") else "ben")}
    await assert_sound(world)


@pytest.mark.parametrize("scored_before", [False, True])
@pytest.mark.parametrize("order", ORDERS, ids="".join)
async def test_one_address_twice(world: World, order: tuple[str, ...], scored_before: bool) -> None:
    """Two requests for the same address leave what one leaves, in every order."""
    await world.add_stamp("ann", "Google", ["v0:x"])
    async with world.road() as a, world.road() as b:
        if scored_before:
            await a.score("ann")
            await world.add_stamp("ann", "Ens", ["v0:y"])
        await in_order(order, {"a": a, "b": b}, {"a": "ann", "b": "ann"})
    assert await world.copies("ann") == (["Ens", "Google"] if scored_before else ["Google"])
    assert len(await world.rows("SELECT FROM registry_event")) == 2 + scored_before
    await assert_sound(world)


@pytest.mark.parametrize("first_commits", [True, False])
@pytest.mark.parametrize("other", ["ann", "ben"])
async def test_a_write_that_waits_for_another(
    world: World, first_commits: bool, other: str
) -> None:
    """A write that had to wait decides anew if the first was committed, and else goes on."""
    for name in {"ann", other}:
        await world.add_stamp(name, "Google", ["v0:x", "v1:x"])
    async with world.road() as a, world.road() as b:
        first, second = await a.read("ann"), await b.read(other)
        outcomes = [decide(each, world.now, POLICY) for each in first]
        with nullcontext() if first_commits else pytest.raises(ZeroDivisionError):
            async with a.database.transaction() as connection:
                await connection.fetch(WRITE_SCORING, write_parameters(outcomes, world.now))
                waiting = asyncio.create_task(b.settle(second))
                await until_it_waits(world)
                if not first_commits:
                    raise ZeroDivisionError
        (outcome,) = await waiting
    assert kept(outcome) == (["Google"] if other == "ann" or not first_commits else [])
    await assert_sound(world)


async def until_it_waits(world: World) -> None:
    """Return as soon as a statement waits for a lock."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    while not await world.connection.fetchval(waits + " AND wait_event_type = 'Lock'"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_a_write_that_lost_leaves_nothing(world: World) -> None:
    """The statement of a lost race is undone as a whole, claims of other nullifiers included."""
    await world.add_stamp("ann", "Google", ["v0:x"])
    await world.add_stamp("ben", "Ens", ["v0:ben"])
    await world.add_stamp("ben", "Google", ["v0:x"])
    async with world.road() as a, world.road() as b:
        stale = await b.read("ben")
        await a.score("ann")
        before = await world.state()
        outcomes = [decide(each, world.now, POLICY) for each in stale]
        parameters = write_parameters(outcomes, world.now)
        with pytest.raises(WriteConflict):
            await b.database.fetch(WRITE_SCORING, parameters)
        assert await world.state() == before


async def test_a_lost_race_says_little_in_the_log_of_the_server(
    world: World, postgresql_server: PostgresqlServer
) -> None:
    """Not the text of the statement, which would be kilobytes for each."""
    name = await world.connection.fetchval("SELECT current_database()")
    for setting in ("log_min_messages", "log_min_error_statement"):
        postgresql_server.run(f"ALTER DATABASE {name} SET {setting} = 'error'")
    await world.add_stamp("ann", "Google", ["v0:x"])
    await world.add_stamp("ben", "Google", ["v0:x"])
    log = postgresql_server.server.folder / "log"
    async with world.road() as a, world.road() as b:
        stale = await b.read("ben")
        await a.score("ann")
        before = log.stat().st_size
        (outcome,) = await b.settle(stale)
    assert kept(outcome) == []
    connection = await asyncpg.connect(world.url)
    with pytest.raises(asyncpg.DivisionByZeroError):  # an error of a statement does show there
        await connection.fetch("SELECT 1 / 0 AS registry")
    await connection.close()
    said = log.read_bytes()[before:].decode()
    assert said.count("STATEMENT") == said.count("SELECT 1 / 0") == 1
    assert said.count("ERROR:") == 2
    assert len(said) < 2000


async def test_a_stamp_that_changed_after_the_read_is_not_copied(world: World) -> None:
    """What is stored as a passport's stamp is what was verified, never a later text of the row."""
    await world.add_stamp("ann", "Google", ["v0:x"])
    async with world.road() as road:
        stale = await road.read("ann")
        await world.connection.execute(
            """UPDATE ceramic_cache_ceramiccache SET stamp = jsonb_set(stamp, '{extra}', '1')"""
        )
        (outcome,) = await road.settle(stale)
    assert kept(outcome) == []
    assert await world.copies("ann") == []


async def test_an_expired_link_goes_to_one_of_those_who_want_it(world: World) -> None:
    """Two addresses race for the expired link of a third: one of them gets it."""
    await world.add_stamp("old", "Google", ["v0:x"], lasts=timedelta(days=1))
    async with world.road() as a, world.road() as b:
        await a.score("old")
        world.now += timedelta(days=1)
        for name in ("ann", "ben"):
            await world.add_stamp(name, "Google", ["v0:x"])
        first, second = await a.read("ann"), await b.read("ben")
        outcomes = await asyncio.gather(a.settle(first), b.settle(second))
    assert sorted(kept(outcome) for (outcome,) in outcomes) == [[], ["Google"]]
    await assert_sound(world)


async def test_many_requests_in_three_processes(world: World) -> None:
    """Ninety requests for six addresses in a ring of shared nullifiers: all are answered."""
    names = [f"p{i}" for i in range(6)]
    for i, name in enumerate(names):
        shared = [f"v0:ring{i}", f"v0:ring{(i + 1) % len(names)}"]
        await world.add_stamp(name, "Google", shared[:: -1 if i % 2 else 1])
        await world.add_stamp(name, "Ens", ["v0:all"])
    async with world.road() as a, world.road() as b, world.road() as c:
        requests = [road.score(name) for name in names * 5 for road in (a, b, c)]
        await asyncio.gather(*requests)
    assert len(await world.rows("SELECT FROM registry_event WHERE action = 'SCU'")) == 90
    assert len(await world.rows("SELECT FROM registry_stamp WHERE provider = 'Ens'")) == 1
    await assert_sound(world)


async def test_the_last_limited_points_are_given_once(world: World) -> None:
    """Of many who want the last one that is left, one gets it."""
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
        LIMIT - 1,
    )
    policy = PointsPolicy(written=True, limited_lists=True)
    async with world.road(points=policy) as a, world.road(points=policy) as b:
        roads = itertools.cycle((a, b))
        await asyncio.gather(*(next(roads).score(name, community_id=8) for name in names))
    (row,) = await world.rows("SELECT count(*) FROM registry_humanpoints WHERE action = 'MTA'")
    assert row["count"] == LIMIT
