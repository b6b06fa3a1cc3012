"""What is wrong with one request of a set is paid by that one alone.

Each kind of fault is put in every place among requests that nothing is wrong with, so that all of
them share a read and a write.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial

import asyncpg
import pytest

from passport_scorer.db.errors import RowLocked, ValueRefused
from passport_scorer.db.queries.scores import ScoringRequest
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.human_points import PointsPolicy
from passport_scorer.domain.scoring import Outcome
from passport_scorer.scoring.rows import Loaded

from .world import COMMUNITY, Road, World, address, kept

INNOCENT = ("ann", "ben", "cat")
BAD = "bad"
BAD_COMMUNITY = 8

Culprit = Callable[[Road], Awaitable[Outcome]]


def _scored(name: str, community_id: int = COMMUNITY) -> Culprit:
    return lambda road: road.score(name, community_id)


def _with_address(text: str) -> Culprit:
    return lambda road: road.road.score(text, COMMUNITY)


async def _nothing(_world: World) -> None:
    pass


def _link(expires_at: str) -> Callable[[World], Awaitable[None]]:
    async def prepare(world: World) -> None:
        await world.add_stamp(BAD, "Google", ["v0:bad"])
        await world.connection.execute(
            f"""INSERT INTO registry_hashscorerlink (hash, address, community_id, expires_at)
            VALUES ('v0:bad', 'somebody', {COMMUNITY}, '{expires_at}')"""
        )

    return prepare


def _scorer(threshold: str, weights: object) -> Callable[[World], Awaitable[None]]:
    async def prepare(world: World) -> None:
        await world.add_community(BAD_COMMUNITY, weights={})
        await world.add_stamp(BAD, "Google", ["v0:bad"])
        await world.connection.execute(
            f"""UPDATE scorer_weighted_binaryweightedscorer SET threshold = '{threshold}',
            weights = $1 WHERE scorer_ptr_id = {BAD_COMMUNITY}""",
            json.dumps(weights),
        )

    return prepare


def _document(document: object) -> Callable[[World], Awaitable[None]]:
    return _text(json.dumps(document))


def _text(document: str) -> Callable[[World], Awaitable[None]]:
    async def prepare(world: World) -> None:
        await world.add_stamp(BAD, "Google", ["v0:bad"])
        await world.connection.execute(
            "UPDATE ceramic_cache_ceramiccache SET stamp = $1 WHERE address = $2",
            document,
            address(BAD),
        )

    return prepare


# How it is made, what is asked for, and what comes of it: the providers that count, or an error.
FAULTS: Mapping[
    str, tuple[Callable[[World], Awaitable[None]], Culprit, list[str] | type[Exception]]
] = {
    "a number that the driver refuses": (_nothing, _scored(BAD, 2**63), ValueRefused),
    "a text that the server refuses": (_nothing, _with_address("0x\0"), ValueRefused),
    "a text that can't be written": (_nothing, _with_address("0x" * 60), ValueRefused),
    "no such community": (_nothing, _scored(BAD, 999), ScorerNotFound),
    "a link for ever": (_link("infinity"), _scored(BAD), []),
    "a link that ended before all time": (_link("-infinity"), _scored(BAD), ["Google"]),
    "a link before our time": (_link("0044-03-15 BC"), _scored(BAD), ["Google"]),
    "a link after our time": (_link("12026-01-01"), _scored(BAD), []),
    "a threshold that is no number": (
        _scorer("NaN", {"Google": "1"}),
        _scored(BAD, BAD_COMMUNITY),
        ScorerNotFound,
    ),
    "a weight that is no number": (
        _scorer("1", {"Google": "NaN"}),
        _scored(BAD, BAD_COMMUNITY),
        ["Google"],
    ),
    "weights of another shape": (
        _scorer("1", [{"Google": "1"}]),
        _scored(BAD, BAD_COMMUNITY),
        ["Google"],
    ),
    "a document that is a number": (_document(5), _scored(BAD), []),
    "a document without a subject": (_document({"credentialSubject": [1]}), _scored(BAD), []),
    "nullifiers that are no list": (
        _document({"credentialSubject": {"nullifiers": {"a": 1}, "hash": {}}}),
        _scored(BAD),
        [],
    ),
    "nullifiers that are no texts": (
        _document({"credentialSubject": {"nullifiers": [None, 1, {"a": []}, "x" * 60000]}}),
        _scored(BAD),
        [],
    ),
    "more nullifiers than are looked for": (
        _document({"credentialSubject": {"nullifiers": ["v0:x"] * 5000}}),
        _scored(BAD),
        [],
    ),
    "numbers that grow when they are written": (
        _text('{"a": [' + ", ".join(["1e131071", "-1e131071", "1e-16000"] * 300) + "]}"),
        _scored(BAD),
        [],
    ),
    "a document that is too long": (_document({"text": "x" * 70_000}), _scored(BAD), []),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_that_of_its_request_alone(world: World, fault: str) -> None:
    """Wherever it stands in a set; the others are scored, each once, as if it weren't there."""
    prepare, culprit, expected = FAULTS[fault]
    for name in INNOCENT:
        await world.add_stamp(name, "Google", [f"v0:{name}"])
    await prepare(world)
    async with world.road() as road:
        for place in range(len(INNOCENT) + 1):
            requests: list[Awaitable[Outcome]] = [road.score(name) for name in INNOCENT]
            requests.insert(place, culprit(road))
            results = await asyncio.gather(*requests, return_exceptions=True)
            bad = results.pop(place)
            if isinstance(expected, list):
                assert isinstance(bad, Outcome), repr(bad)
                assert kept(bad) == expected
            else:
                assert type(bad) is expected
            for result in results:
                assert isinstance(result, Outcome), repr(result)
                assert kept(result) == ["Google"]
    events = await world.rows(
        "SELECT count(*) FROM registry_event WHERE action = 'SCU' AND address = ANY ($1)"
        " GROUP BY address",
        [address(name) for name in INNOCENT],
    )
    assert [row["count"] for row in events] == [len(INNOCENT) + 1] * len(INNOCENT)


async def test_several_faults_at_once(world: World) -> None:
    """Every second request of a set is at fault; all the others are scored."""
    names = [f"p{i}" for i in range(6)]
    for name in names:
        await world.add_stamp(name, "Google", [f"v0:{name}"])
    async with world.road() as road:
        requests = [
            request
            for name in names
            for request in (road.score(name), _with_address("0x" * 60)(road))
        ]
        results = await asyncio.gather(*requests, return_exceptions=True)
    assert [type(result) for result in results] == [Outcome, ValueRefused] * len(names)


HELD = {
    "a score": """SELECT FROM registry_score s JOIN registry_passport p ON p.id = s.passport_id
        WHERE p.address = $1 FOR UPDATE OF s""",
    "a passport": "SELECT FROM registry_passport WHERE address = $1 FOR UPDATE",
    "a claim": """INSERT INTO registry_hashscorerlink (hash, address, community_id, expires_at)
        SELECT 'v0:new', $1, 7, '2031-01-01'""",
}


@pytest.mark.parametrize("held", HELD)
async def test_a_row_that_somebody_holds_is_waited_for_by_its_own_request_alone(
    world: World, held: str
) -> None:
    """The others of the set are done while it waits; it goes on when the row is free."""
    for name in INNOCENT:
        await world.add_stamp(name, "Google", [f"v0:{name}"])
    async with world.road() as road:
        for name in INNOCENT:
            await road.score(name)
        await world.add_stamp("ann", "Ens", ["v0:new"])
        holder = await asyncpg.connect(world.url)
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute(HELD[held], address("ann"))
        waiting = asyncio.create_task(road.score("ann"))
        for _ in range(3):
            others = await asyncio.gather(*(road.score(name) for name in INNOCENT[1:] * 5))
            assert [kept(outcome) for outcome in others] == [["Google"]] * 10
        assert not waiting.done()
        await transaction.rollback()
        await holder.close()
        assert kept(await waiting) == ["Ens", "Google"]


async def test_a_row_that_is_held_for_too_long_is_told(world: World) -> None:
    """Its own request gives up, nothing of it is left, and no statement goes on waiting."""
    for name in INNOCENT:
        await world.add_stamp(name, "Google", [f"v0:{name}"])
    async with world.road(transaction_lock_timeout=0.05) as road:
        await asyncio.gather(*map(road.score, INNOCENT))
        before = await world.state()
        async with world.connection.transaction():
            await world.connection.execute(HELD["a score"], address("ann"))
            results = await asyncio.gather(*map(road.score, INNOCENT), return_exceptions=True)
            assert [type(result) for result in results] == [RowLocked, Outcome, Outcome]
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            assert await world.connection.fetchval(waits) == 0
        assert await world.state() == before
    events = await world.rows("SELECT FROM registry_event WHERE address = $1", address("ann"))
    assert len(events) == 1


async def test_a_large_passport_is_read_apart(world: World) -> None:
    """It counts as any other; the set that it came with is read without its documents."""
    for number in range(130):
        await world.add_stamp("large", f"Provider{number}", [f"v0:{number}"])
    await world.add_stamp("large", "Google", ["v0:large"])
    await world.add_stamp("ann", "Google", ["v0:ann"])
    async with world.road() as road:
        requests = [
            ScoringRequest(address(name), community_id=COMMUNITY) for name in ("ann", "large")
        ]
        ann, large = await asyncio.gather(*map(road.road.read, requests))
        assert (ann.row.is_large, len(ann.row.documents or ())) == (False, 1)
        assert (large.row.is_large, large.row.documents) == (True, None)
        for _ in range(2):
            outcome = await road.score("large")
            assert len(kept(outcome)) == 131
            assert outcome.score.raw == Decimal("1.5")
        known = await road.road.read(requests[1])
        assert not known.row.is_large


async def test_a_few_stamps_are_not_verified_behind_many(world: World) -> None:
    """Those who verify take turns: who came later with one stamp is done before who has many."""
    for number in range(120):
        await world.add_stamp("many", f"Provider{number}", [f"v0:{number}"])
    await world.add_stamp("ann", "Google", ["v0:ann"])
    done = []

    async def verify(road: Road, loaded: Loaded) -> None:
        snapshot = await road.road.snapshot(loaded)
        done.append(len(snapshot.stamps))

    async with world.road() as road:
        requests = [
            ScoringRequest(address(name), community_id=COMMUNITY) for name in ("many", "ann")
        ]
        loaded = await asyncio.gather(*map(road.road.read, requests))
        await asyncio.gather(*(verify(road, each) for each in loaded))
    assert done == [1, 120]


async def test_a_wrong_key_reads_nothing(world: World) -> None:
    """Nothing but the key is read for a hash that isn't the key's, and nothing is remembered."""
    await world.add_stamp("ann", "Google", ["v0:ann"])
    await world.connection.execute(
        """INSERT INTO account_accountapikey (id, prefix, hashed_key, created, name, revoked,
            account_id, create_scorers, read_scores, submit_passports, historical_endpoint)
        VALUES ('id', 'key', 'right', now(), '', false, 1, false, true, false, false)"""
    )
    async with world.road() as road:
        for key_hash, found in (("wrong", False), (None, False), ("right", True)):
            request = ScoringRequest(
                address("ann"), None, "key", str(COMMUNITY), COMMUNITY, key_hash
            )
            loaded = await road.road.read(request)
            assert loaded.key is not None
            assert (loaded.row.community_id, bool(loaded.row.documents)) == (
                (COMMUNITY, True) if found else (None, False)
            )


async def test_a_community_is_remembered_once_whatever_it_is_called(world: World) -> None:
    """Names of the same community lead to the same memory: the documents are read once."""
    await world.add_stamp("ann", "Google", ["v0:ann"])
    await world.connection.execute(
        """INSERT INTO account_accountapikey (id, prefix, hashed_key, created, name, revoked,
            account_id, create_scorers, read_scores, submit_passports, historical_endpoint)
        VALUES ('id', 'key', 'right', now(), '', false, 1, false, true, false, false)"""
    )
    async with world.road() as road:
        sizes = set()
        for zeros in range(20):
            name = "0" * zeros + str(COMMUNITY)
            request = ScoringRequest(address("ann"), None, "key", name, COMMUNITY, "right")
            await road.road.settle(await road.road.snapshot(await road.road.read(request)))
            sizes.add(len(road.road._snapshots._remembered))
    assert sizes == {1}


async def test_the_lock_of_limited_points_is_taken_where_one_is_given(world: World) -> None:
    """Who is on a list but is given nothing waits for nobody who holds it."""
    await world.add_community(BAD_COMMUNITY, weights={"Google": "1"}, human_points=True)
    await world.add_stamp("ann", "Google", ["v0:ann"])
    await world.connection.execute(
        """WITH list AS (INSERT INTO account_addresslist (name) VALUES ('MetaMaskOG') RETURNING id)
        INSERT INTO account_addresslistmember (address, list_id) SELECT $1, id FROM list""",
        address("ann"),
    )
    holder = await asyncpg.connect(world.url)
    async with holder.transaction():
        await holder.execute("SELECT pg_advisory_xact_lock(7277078)")
        later = PointsPolicy(
            written=True, limited_lists=True, starts_at=world.now + timedelta(days=1)
        )
        shown = PointsPolicy(shown=True, limited_lists=True)
        for policy in (shown, PointsPolicy(written=True), later):
            async with world.road(points=policy) as road:
                pair = partial(
                    road.road.score_within, address=address("ann"), community_id=BAD_COMMUNITY
                )
                assert kept(await road.road.transact(address("ann"), pair)) == ["Google"]
    await holder.close()
