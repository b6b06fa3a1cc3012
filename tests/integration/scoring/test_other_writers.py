"""Another service writes the same tables at the same time: the rows mix without harm.

What it does is written here as such services commonly do it: one transaction, one statement after
the other, the stamps of the passport deleted and inserted again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from .world import COMMUNITY, World, address, kept


class OtherService:
    """Scores an address in a transaction of its own, in two halves: before and after a pause."""

    def __init__(self, connection: Any, world: World) -> None:
        self.connection = connection
        self.world = world
        self.kept: list[Any] = []
        self.who = ""

    async def begin(self, name: str) -> None:
        """Read the stamps, claim their nullifiers, and write the passport's stamps."""
        self.who = who = address(name)
        now = self.world.now
        passport = await self.connection.fetchval(
            """INSERT INTO registry_passport (address, community_id) VALUES ($1, $2)
            ON CONFLICT (address, community_id) DO UPDATE SET requires_calculation = false
            RETURNING id""",
            who,
            COMMUNITY,
        )
        for row in await self.connection.fetch(
            """SELECT provider, stamp::text FROM ceramic_cache_ceramiccache
            WHERE address = $1 AND deleted_at IS NULL ORDER BY provider""",
            who,
        ):
            nullifiers = json.loads(row["stamp"])["credentialSubject"]["nullifiers"]
            if all([await self.claim(who, each) for each in nullifiers]):
                self.kept.append(row)
        await self.connection.execute("DELETE FROM registry_stamp WHERE passport_id = $1", passport)
        for row in self.kept:
            await self.connection.execute(
                """INSERT INTO registry_stamp (provider, credential, passport_id)
                VALUES ($1, $2, $3)""",
                row["provider"],
                row["stamp"],
                passport,
            )
        self.passport, self.now = passport, now

    async def claim(self, who: str, nullifier: str) -> bool:
        """Link a nullifier to an address; False if another address has it."""
        owner = await self.connection.fetchval(
            """INSERT INTO registry_hashscorerlink AS l (hash, address, expires_at, community_id)
            VALUES ($1, $2, $3, $4) ON CONFLICT (hash, community_id) DO UPDATE
            SET address = CASE WHEN l.expires_at <= $5 THEN $2 ELSE l.address END
            RETURNING address""",
            nullifier,
            who,
            self.world.now + timedelta(days=90),
            COMMUNITY,
            self.world.now,
        )
        return bool(owner == who)

    async def finish(self) -> None:
        """Write the score, and its event."""
        stamps = {
            row["provider"]: {"score": "1.00000", "dedup": False, "expiration_date": "2030"}
            for row in self.kept
        }
        evidence = {
            "type": "ThresholdScoreCheck",
            "success": True,
            "rawScore": "1",
            "threshold": "1",
        }
        await self.connection.execute(
            """INSERT INTO registry_score
                (passport_id, score, status, last_score_timestamp, stamps, evidence)
            VALUES ($1, 1, 'DONE', $2, $3, $4) ON CONFLICT (passport_id) DO UPDATE
            SET score = 1, last_score_timestamp = $2, stamps = $3, evidence = $4""",
            self.passport,
            self.now,
            json.dumps(stamps),
            json.dumps(evidence),
        )
        await self.connection.execute(
            """INSERT INTO registry_event (action, address, created_at, data, community_id)
            VALUES ('SCU', $1, clock_timestamp(), $2, $3)""",
            self.who,
            json.dumps({"model": "registry.score", "fields": {"score": "1", "by": "other"}}),
            COMMUNITY,
        )


@asynccontextmanager
async def other_service(world: World) -> AsyncIterator[OtherService]:
    """Give another service, in its transaction; committed at the end."""
    connection = await asyncpg.connect(world.url)
    try:
        async with connection.transaction():
            yield OtherService(connection, world)
    finally:
        await connection.close()


async def assert_sound(world: World) -> None:
    """Each nullifier has one owner; registered stamps are those of the stored score."""
    assert not await world.rows(
        "SELECT passport_id, provider FROM registry_stamp GROUP BY 1, 2 HAVING count(*) > 1"
    )
    assert not await world.rows(
        """SELECT s.passport_id, k.key FROM registry_score s, jsonb_each(s.stamps) k
        WHERE (k.value ->> 'dedup')::boolean = EXISTS (SELECT FROM registry_stamp c
            WHERE c.passport_id = s.passport_id AND c.provider = k.key)"""
    )


@pytest.mark.parametrize("when", ["before", "between", "after"])
async def test_its_claims_are_respected(world: World, when: str) -> None:
    """Nullifiers that it claimed clash here, whenever it committed; those claimed here are ours."""
    await world.add_stamp("other", "Google", ["v0:x"])
    await world.add_stamp("ann", "Google", ["v0:x"])
    async with world.scorer() as scorer:
        snapshots = await scorer.load("ann") if when != "before" else []
        if when != "after":
            async with other_service(world) as other:
                await other.begin("other")
                await other.finish()
        (outcome,) = await scorer.save(snapshots or await scorer.load("ann"))
        if when == "after":
            async with other_service(world) as other:
                await other.begin("other")
                await other.finish()
    assert kept(outcome) == (["Google"] if when == "after" else [])
    owner = "ann" if when == "after" else "other"
    assert (await world.links())["v0:x"][0] == address(owner)
    assert await world.registered(owner) == ["Google"]
    await assert_sound(world)


@pytest.mark.parametrize("scored_before", [False, True])
async def test_one_address_in_both_at_once(world: World, *, scored_before: bool) -> None:
    """A score here waits for one that is being written there, and then uses its rows."""
    await world.add_stamp("ann", "Google", ["v0:x"])
    await world.add_stamp("ann", "Ens", ["v0:y"])
    async with world.scorer() as scorer:
        if scored_before:
            await scorer.score("ann")
        snapshots = await scorer.load("ann")
        async with other_service(world) as other:
            await other.begin("ann")
            saving = asyncio.create_task(scorer.save(snapshots))
            await asyncio.sleep(0.2)
            await other.finish()
        (outcome,) = await saving
        assert kept(outcome) == ["Ens", "Google"]
        await scorer.score(
            "ann"
        )  # whatever was left between the two is put right by the next score
    assert await world.registered("ann") == ["Ens", "Google"]
    await assert_sound(world)


async def test_its_rows_are_read_and_ours_stay_readable(world: World) -> None:
    """Scores alternate between the two without a row too many, and each sees the other's."""
    await world.add_stamp("ann", "Google", ["v0:x"])
    async with world.scorer() as scorer:
        for _ in range(3):
            async with other_service(world) as other:
                await other.begin("ann")
                await other.finish()
            assert kept(await scorer.score("ann")) == ["Google"]
            await assert_sound(world)
    for table in ("passport", "score", "stamp", "hashscorerlink"):
        assert len(await world.rows(f"SELECT FROM registry_{table}")) == 1
    events = await world.rows("SELECT action, address, data FROM registry_event ORDER BY id")
    assert {(each["action"], each["address"]) for each in events} == {("SCU", address("ann"))}
    written_by_other = ["by" in json.loads(each["data"])["fields"] for each in events]
    assert written_by_other == [True, False] * 3


async def test_what_it_stores_counts_at_once(world: World) -> None:
    """Stamps that it adds, replaces, changes and deletes are seen, though others are cached."""
    await world.add_stamp("ann", "Google", ["v0:x"])
    async with world.scorer() as scorer:
        assert kept(await scorer.score("ann")) == ["Google"]
        await world.add_stamp("ann", "Google", ["v0:z"])
        await world.add_stamp("ann", "Ens", ["v0:y"])
        assert kept(await scorer.score("ann")) == ["Ens", "Google"]
        assert (await world.links())["v0:z"][0] == address("ann")
        changed = """UPDATE ceramic_cache_ceramiccache
            SET stamp = jsonb_set(stamp, '{credentialSubject,provider}', '"Other"')
            WHERE provider = 'Ens' AND deleted_at IS NULL RETURNING id"""
        assert len(await world.rows(changed)) == 1
        assert kept(await scorer.score("ann")) == ["Google"]
        await world.delete_stamp("ann", "Google")
        assert kept(await scorer.score("ann")) == []
    assert await world.registered("ann") == []
    await assert_sound(world)
