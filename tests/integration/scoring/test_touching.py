"""A cached score is touched only if everything that it depends on is unchanged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from passport_scorer.db.queries.loaded_scores import ScoringRequest
from passport_scorer.domain.human_points import PointsPolicy

from .world import COMMUNITY, Scorer, World, address, kept

ANN = address("ann")
PREFIX, KEY_HASH = "key1", "sha256$right"
EXTERNAL_ID = "external"
OTHER = 8

Change = Callable[[World], Awaitable[object]]


async def prepare(world: World) -> None:
    """Give Ann two stamps, one of them expired, and a partner an API key."""
    await world.add_community(OTHER, weights={"Google": "1"})
    await world.connection.execute(
        "UPDATE account_community SET external_scorer_id = $1 WHERE id = $2", EXTERNAL_ID, COMMUNITY
    )
    await world.connection.execute(
        """INSERT INTO account_accountapikey (id, prefix, hashed_key, hashed_key_sha256, created,
            name, revoked, account_id, create_scorers, read_scores, submit_passports,
            historical_endpoint)
        VALUES ('id', $1, '', $2, now(), '', false, 1, false, true, false, false)""",
        PREFIX,
        KEY_HASH,
    )
    await world.add_stamp("ann", "Google", ["v0:ann", "v1:ann"])
    await world.add_stamp("ann", "Github", ["v0:expired"], lasts=timedelta(seconds=-1))
    await world.add_stamp("bob", "Google", ["v0:bob"])


def request(scorer_id: str = str(COMMUNITY)) -> ScoringRequest:
    """Return a partner's request for Ann's score."""
    number = int(scorer_id) if scorer_id.isdecimal() else None
    return ScoringRequest(ANN, None, PREFIX, scorer_id, number, KEY_HASH)


async def cached(scorer: Scorer, asked: ScoringRequest) -> str:
    """Score until the score is cached, and return the version of the key."""
    for _ in range(2):  # the first time changes rows that the score depends on
        loaded = await scorer.service.load(asked)
        await scorer.service.save(loaded)
    assert loaded.inputs.key_version is not None
    return loaded.inputs.key_version


async def rows(world: World) -> list[dict[str, Any]]:
    """Return the scores and events of all."""
    return await world.rows(
        """SELECT to_jsonb(s) AS row FROM registry_score s
        UNION ALL SELECT to_jsonb(e) FROM registry_event e"""
    )


def sql(statement: str) -> Change:
    """Return the change that a statement makes."""
    return lambda world: world.connection.execute(statement)


_CUSTOMIZATION = """INSERT INTO account_customization SELECT (jsonb_populate_record(
    NULL::account_customization, jsonb_build_object('id', 1, 'scorer_id', 7) || (
        SELECT jsonb_object_agg(column_name, CASE data_type
            WHEN 'boolean' THEN 'false'::jsonb WHEN 'bigint' THEN '0' WHEN 'integer' THEN '0'
            ELSE '""' END)
        FROM information_schema.columns
        WHERE table_name = 'account_customization' AND is_nullable = 'NO'
            AND column_name NOT IN ('id', 'scorer_id')
    ))).*;"""

CHANGES: Mapping[str, Change] = {
    "key revoked": sql("UPDATE account_accountapikey SET revoked = true"),
    "key expires": sql("UPDATE account_accountapikey SET expiry_date = now()"),
    "key deleted": sql("DELETE FROM account_accountapikey"),
    "permission withdrawn": sql("UPDATE account_accountapikey SET read_scores = false"),
    "community of another account": sql(
        """WITH u AS (INSERT INTO auth_user SELECT (jsonb_populate_record(u, '{"id": 2,
            "username": "other"}')).* FROM auth_user u), a AS (INSERT INTO account_account
            VALUES (2, '1x', 2)) UPDATE account_community SET account_id = 2 WHERE id = 7"""
    ),
    "community joins human points": sql(
        "UPDATE account_community SET human_points_program = true WHERE id = 7"
    ),
    "external id moves": sql(
        """UPDATE account_community SET external_scorer_id = NULL WHERE id = 7;
        UPDATE account_community SET external_scorer_id = 'external' WHERE id = 8"""
    ),
    "another scorer": sql("UPDATE account_community SET scorer_id = 8 WHERE id = 7"),
    "weights": lambda world: world.set_weights({"Google": "1.75"}),
    "threshold": sql("UPDATE scorer_weighted_binaryweightedscorer SET threshold = 2"),
    "type of scorer": sql("UPDATE scorer_weighted_scorer SET type = 'WEIGHTED' WHERE id = 7"),
    "dynamic weights": sql(
        _CUSTOMIZATION
        + """INSERT INTO account_addresslist (id, name) VALUES (1, 'friends');
        INSERT INTO account_allowlist (address_list_id, customization_id, weight)
        VALUES (1, 1, 3)"""
    ),
    "new stamp": lambda world: world.add_stamp("ann", "Ens", ["v0:ens"]),
    "stamp replaced": lambda world: world.add_stamp("ann", "Google", ["v0:ann", "v1:ann"]),
    "stamp deleted": lambda world: world.delete_stamp("ann", "Google"),
    "stamp restored to nothing": sql("DELETE FROM ceramic_cache_ceramiccache"),
    "row of a stamp changed": sql(
        "UPDATE ceramic_cache_ceramiccache SET stamp = jsonb_set(stamp, '{issuer}', '1')"
    ),
    "stamp revoked": sql(
        """INSERT INTO ceramic_cache_revocation (proof_value, ceramic_cache_id)
        SELECT '', id FROM ceramic_cache_ceramiccache WHERE provider = 'Google'"""
    ),
    "proof value revoked": sql(
        """INSERT INTO ceramic_cache_revocation (proof_value, ceramic_cache_id)
        SELECT ann.proof_value, bob.id
        FROM ceramic_cache_ceramiccache ann, ceramic_cache_ceramiccache bob
        WHERE ann.provider = 'Google' AND ann.address <> bob.address LIMIT 1"""
    ),
    "registered stamp deleted": sql("DELETE FROM registry_stamp"),
    "registered stamp added": sql(
        "INSERT INTO registry_stamp (passport_id, provider, credential)"
        " SELECT passport_id, 'X', '{}' FROM registry_stamp"
    ),
    "registered stamp changed": sql("UPDATE registry_stamp SET credential = '{}'"),
    "link deleted": sql("DELETE FROM registry_hashscorerlink WHERE hash = 'v1:ann'"),
    "link of another": sql(
        f"UPDATE registry_hashscorerlink SET address = '{address('bob')}' WHERE hash = 'v0:ann'"
    ),
    "link expires": sql(
        "UPDATE registry_hashscorerlink SET expires_at = now() WHERE hash = 'v0:ann'"
    ),
    "score deleted": sql("DELETE FROM registry_score"),
    "passport of another": sql("UPDATE registry_passport SET address = '0xother'"),
    "score of another decision": sql("UPDATE registry_score SET score = 1 - score"),
    "score being computed": sql("UPDATE registry_score SET status = 'PROCESSING'"),
    "score failed": sql("UPDATE registry_score SET error = 'failed'"),
    "score's stamps": sql("UPDATE registry_score SET stamps = '{}'"),
    "score's weights": sql("""UPDATE registry_score SET stamp_scores = '{"Google": 9}'"""),
    "score's evidence": sql("UPDATE registry_score SET evidence = NULL"),
    "score's expiry": sql("UPDATE registry_score SET expiration_date = NULL"),
    "score of the future": sql("UPDATE registry_score SET last_score_timestamp = '2090-01-01'"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_nothing_is_touched_after_a_change(world: World, change: Change) -> None:
    """Every row that a score depends on counts; the refused touch writes nothing."""
    await prepare(world)
    async with world.scorer() as scorer:
        asked = request(EXTERNAL_ID)
        key = await cached(scorer, asked)
        assert await scorer.service.touch(asked, key) is not None
        await change(world)
        before = await rows(world)
        assert await scorer.service.touch(asked, key) is None
        assert await rows(world) == before


async def test_an_external_id_takes_precedence_at_once(world: World) -> None:
    """A request by id is not touched once another community of the account has that name."""
    await prepare(world)
    async with world.scorer() as scorer:
        key = await cached(scorer, request())
        assert await scorer.service.touch(request(), key) is not None
        await world.connection.execute(
            "UPDATE account_community SET external_scorer_id = '7' WHERE id = 8"
        )
        assert await scorer.service.touch(request(), key) is None


UNRELATED: Mapping[str, Change] = {
    "nothing": sql("SELECT"),
    "another address": lambda world: world.add_stamp("bob", "Github", ["v0:bob2"]),
    "another community's links": sql(
        """INSERT INTO registry_hashscorerlink (hash, address, expires_at, community_id)
        VALUES ('v0:ann', '0x', now(), 8), ('v0:expired', '0x', now(), 8)"""
    ),
    "another address's revocation": sql(
        """INSERT INTO ceramic_cache_revocation (proof_value, ceramic_cache_id)
        SELECT proof_value, id FROM ceramic_cache_ceramiccache
        ORDER BY id DESC LIMIT 1"""
    ),
    "the time of the score": sql("UPDATE registry_score SET last_score_timestamp = '2029-01-01'"),
    "an external id in another account": sql(
        """WITH u AS (INSERT INTO auth_user SELECT (jsonb_populate_record(u, '{"id": 2,
            "username": "other"}')).* FROM auth_user u), a AS (INSERT INTO account_account
            VALUES (2, '1x', 2))
        UPDATE account_community SET external_scorer_id = '7', account_id = 2 WHERE id = 8"""
    ),
}


@pytest.mark.parametrize("change", UNRELATED.values(), ids=UNRELATED)
async def test_a_touch_records_the_score_again(world: World, change: Change) -> None:
    """The row gets the new time, and the event is the one that a full score would write."""
    await prepare(world)
    async with world.scorer() as scorer, world.scorer() as fresh:
        key = await cached(scorer, request())
        await change(world)
        world.now += timedelta(hours=1, microseconds=1)
        touched = await scorer.service.touch(request(), key)
        assert touched is not None
        assert touched.computed_at == world.now
        assert (kept(touched), touched.score.raw) == (["Google"], Decimal("1.5"))
        saved = await fresh.service.save(await fresh.service.load(request()))
        assert saved == touched
    scores = await world.rows("SELECT last_score_timestamp FROM registry_score")
    assert scores == [{"last_score_timestamp": world.now}]
    *_, one, two = await world.rows(
        """SELECT action, address, community_id, created_at, data::text
        FROM registry_event ORDER BY id"""
    )
    assert one == two


async def test_processes_touch_each_other_s_scores(world: World) -> None:
    """A touch leaves what other processes have cached valid."""
    await prepare(world)
    async with world.scorer() as one, world.scorer() as two:
        keys = [await cached(each, request()) for each in (one, two)]
        for _ in range(3):
            for scorer, key in zip((one, two), keys, strict=True):
                world.now += timedelta(seconds=1)
                assert await scorer.service.touch(request(), key) is not None


async def test_a_nullifier_without_a_link_is_watched(world: World) -> None:
    """A stamp that does not count has no link; the first link of its nullifier is noticed."""
    await prepare(world)
    await world.add_stamp("ann", "Ens", ["v0:late"])
    async with world.scorer() as scorer:
        world.now += timedelta(days=200)  # all of them have expired
        key = await cached(scorer, request())
        await world.connection.execute("DELETE FROM registry_hashscorerlink")
        key = await cached(scorer, request())
        assert await scorer.service.touch(request(), key) is not None
        await world.connection.execute(
            """INSERT INTO registry_hashscorerlink (hash, address, expires_at, community_id)
            VALUES ('v0:late', '0x', '2090-01-01', 7)"""
        )
        assert await scorer.service.touch(request(), key) is None


async def test_what_is_not_cached(world: World) -> None:
    """Clashes and Human Points write more than a time; a possible revocation has no version."""
    await prepare(world)
    await world.add_community(9, weights={"Google": "1"}, human_points=True)
    await world.add_stamp("clash", "Google", ["v0:ann"])
    revoked = await world.add_stamp("revoked", "Google", ["v0:revoked"])
    await world.add_stamp("revoked", "Ens", ["v0:ens"])
    await world.revoke_stamp(revoked)
    async with world.scorer(points=PointsPolicy(shown=True)) as scorer:
        await scorer.score("ann")
        for name, community_id in (("clash", COMMUNITY), ("revoked", COMMUNITY), ("ann", 9)):
            for _ in range(3):
                await scorer.score(name, community_id)
            asked = ScoringRequest(address(name), community_id=community_id)
            assert await scorer.service.touch(asked) is None
        for _ in range(2):
            await scorer.score("ann")
        assert await scorer.service.touch(ScoringRequest(ANN, community_id=COMMUNITY)) is not None


async def test_a_score_is_not_touched_after_its_time(world: World) -> None:
    """When a stamp expires, the score is decided again."""
    await prepare(world)
    async with world.scorer() as scorer:
        key = await cached(scorer, request())
        world.now += timedelta(days=90, seconds=-1)
        assert await scorer.service.touch(request(), key) is not None
        world.now += timedelta(seconds=1)
        assert await scorer.service.touch(request(), key) is None
        assert kept(await scorer.score("ann")) == []


async def test_a_locked_score_delays_nobody_else(world: World) -> None:
    """The touch of a row that another transaction holds is refused at once; others are not."""
    await prepare(world)
    async with world.scorer() as scorer:
        asked = [ScoringRequest(address(name), community_id=COMMUNITY) for name in ("ann", "bob")]
        for name in ("ann", "bob", "ann", "bob"):
            await scorer.score(name)
        holder = await asyncpg.connect(world.url)
        async with holder.transaction():
            await holder.execute(
                """SELECT FROM registry_score s JOIN registry_passport p ON p.id = s.passport_id
                WHERE p.address = $1 FOR UPDATE OF s""",
                ANN,
            )
            ann, bob = await asyncio.gather(*map(scorer.service.touch, asked))
        await holder.close()
    assert ann is None
    assert bob is not None


async def test_a_change_that_commits_meanwhile_is_seen(world: World) -> None:
    """A key that is revoked while the statement waits for a lock lets nothing be written."""
    await prepare(world)
    async with world.scorer() as scorer:
        key = await cached(scorer, request())
        holder = await asyncpg.connect(world.url)
        events = "SELECT count(*) FROM registry_event"
        before = await world.connection.fetchval(events)
        async with holder.transaction():
            await holder.execute("LOCK TABLE registry_event IN EXCLUSIVE MODE")
            touching = asyncio.create_task(scorer.service.touch(request(), key))
            while not await world.connection.fetchval(  # noqa: ASYNC110
                "SELECT count(*) FROM pg_locks WHERE NOT granted"
            ):
                await asyncio.sleep(0.01)
            await world.connection.execute("UPDATE account_accountapikey SET revoked = true")
        await holder.close()
        assert await touching is None
        assert await world.connection.fetchval(events) == before


async def test_a_stamp_s_document_is_json_in_the_response(world: World) -> None:
    """The cached JSON of the stamps is that of the row."""
    await prepare(world)
    async with world.scorer() as scorer:
        key = await cached(scorer, request())
        touched = await scorer.service.touch(request(), key)
    assert touched is not None
    (row,) = await world.rows("SELECT stamps::text FROM registry_score")
    assert json.loads(touched.score.stamps) == json.loads(row["stamps"])
