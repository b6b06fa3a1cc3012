"""A fault in one request of a batch fails only that request.

Each kind of fault is put in every position among good requests, so that all of them share a load
and a save.
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
from passport_scorer.db.queries.loaded_scores import LoadedScore, ScoringRequest
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.human_points import PointsPolicy
from passport_scorer.domain.scoring import SavedScore
from passport_scorer.scoring.snapshots import Loaded

from .world import COMMUNITY, Scorer, World, address, kept

INNOCENT = ("ann", "ben", "cat")
BAD = "bad"
BAD_COMMUNITY = 8

Culprit = Callable[[Scorer], Awaitable[SavedScore]]


def _scored(name: str, community_id: int = COMMUNITY) -> Culprit:
    return lambda scorer: scorer.score(name, community_id)


def _with_address(text: str) -> Culprit:
    return lambda scorer: scorer.service.score(text, COMMUNITY)


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


# The fault, the request, and its result: the providers that count, or an error.
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
async def test_a_fault_fails_only_its_own_request(world: World, fault: str) -> None:
    """In any position of a batch; the others are scored, each once, as if it weren't there."""
    prepare, culprit, expected = FAULTS[fault]
    for name in INNOCENT:
        await world.add_stamp(name, "Google", [f"v0:{name}"])
    await prepare(world)
    async with world.scorer() as scorer:
        for place in range(len(INNOCENT) + 1):
            requests: list[Awaitable[SavedScore]] = [scorer.score(name) for name in INNOCENT]
            requests.insert(place, culprit(scorer))
            results = await asyncio.gather(*requests, return_exceptions=True)
            bad = results.pop(place)
            if isinstance(expected, list):
                assert isinstance(bad, SavedScore), repr(bad)
                assert kept(bad) == expected
            else:
                assert type(bad) is expected
            for result in results:
                assert isinstance(result, SavedScore), repr(result)
                assert kept(result) == ["Google"]
    events = await world.rows(
        "SELECT count(*) FROM registry_event WHERE action = 'SCU' AND address = ANY ($1)"
        " GROUP BY address",
        [address(name) for name in INNOCENT],
    )
    assert [row["count"] for row in events] == [len(INNOCENT) + 1] * len(INNOCENT)


async def test_several_faults_at_once(world: World) -> None:
    """Every second request of a batch is at fault; all the others are scored."""
    names = [f"p{i}" for i in range(6)]
    for name in names:
        await world.add_stamp(name, "Google", [f"v0:{name}"])
    async with world.scorer() as scorer:
        requests = [
            request
            for name in names
            for request in (scorer.score(name), _with_address("0x" * 60)(scorer))
        ]
        results = await asyncio.gather(*requests, return_exceptions=True)
    assert [type(result) for result in results] == [SavedScore, ValueRefused] * len(names)


LOCKED = {
    "a score": """SELECT FROM registry_score s JOIN registry_passport p ON p.id = s.passport_id
        WHERE p.address = $1 FOR UPDATE OF s""",
    "a passport": "SELECT FROM registry_passport WHERE address = $1 FOR UPDATE",
    "a claim": """INSERT INTO registry_hashscorerlink (hash, address, community_id, expires_at)
        SELECT 'v0:new', $1, 7, '2031-01-01'""",
}


@pytest.mark.parametrize("locked", LOCKED)
async def test_only_its_own_request_waits_for_a_locked_row(world: World, locked: str) -> None:
    """The other requests of the batch finish first; it continues when the row is free."""
    for name in INNOCENT:
        await world.add_stamp(name, "Google", [f"v0:{name}"])
    async with world.scorer() as scorer:
        for name in INNOCENT:
            await scorer.score(name)
        await world.add_stamp("ann", "Ens", ["v0:new"])
        holder = await asyncpg.connect(world.url)
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute(LOCKED[locked], address("ann"))
        waiting = asyncio.create_task(scorer.score("ann"))
        for _ in range(3):
            others = await asyncio.gather(*(scorer.score(name) for name in INNOCENT[1:] * 5))
            assert [kept(outcome) for outcome in others] == [["Google"]] * 10
        assert not waiting.done()
        await transaction.rollback()
        await holder.close()
        assert kept(await waiting) == ["Ens", "Google"]


async def test_a_row_that_stays_locked(world: World) -> None:
    """Only its own request fails and writes nothing, and no statement keeps waiting."""
    for name in INNOCENT:
        await world.add_stamp(name, "Google", [f"v0:{name}"])
    async with world.scorer(transaction_lock_timeout=0.05) as scorer:
        await asyncio.gather(*map(scorer.score, INNOCENT))
        before = await world.state()
        async with world.connection.transaction():
            await world.connection.execute(LOCKED["a score"], address("ann"))
            results = await asyncio.gather(*map(scorer.score, INNOCENT), return_exceptions=True)
            assert [type(result) for result in results] == [RowLocked, SavedScore, SavedScore]
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            assert await world.connection.fetchval(waits) == 0
        assert await world.state() == before
    events = await world.rows("SELECT FROM registry_event WHERE address = $1", address("ann"))
    assert len(events) == 1


async def test_a_large_passport_is_loaded_alone(world: World) -> None:
    """It counts as any other; its batch is loaded without its documents."""
    for number in range(130):
        await world.add_stamp("large", f"Provider{number}", [f"v0:{number}"])
    await world.add_stamp("large", "Google", ["v0:large"])
    await world.add_stamp("ann", "Google", ["v0:ann"])
    async with world.scorer() as scorer:
        requests = [
            ScoringRequest(address(name), community_id=COMMUNITY) for name in ("ann", "large")
        ]
        ann, large = await asyncio.gather(*map(scorer.service.load, requests))
        assert (ann.inputs.is_large, documents(ann.inputs)) == (False, 1)
        assert (large.inputs.is_large, documents(large.inputs)) == (True, 0)
        for _ in range(2):
            outcome = await scorer.score("large")
            assert len(kept(outcome)) == 131
            assert outcome.score.raw == Decimal("1.5")


def documents(inputs: LoadedScore) -> int:
    """Return the number of documents that were loaded."""
    return len(inputs.stamps.stamps)


async def test_few_stamps_do_not_wait_for_many(world: World) -> None:
    """Verification takes turns: a later request of one stamp is done before one of many."""
    for number in range(120):
        await world.add_stamp("many", f"Provider{number}", [f"v0:{number}"])
    await world.add_stamp("ann", "Google", ["v0:ann"])
    done = []

    async def verify(scorer: Scorer, loaded: Loaded) -> None:
        (snapshot,) = await scorer.snapshots([loaded])
        done.append(len(snapshot.stamps))

    async with world.scorer() as scorer:
        requests = [
            ScoringRequest(address(name), community_id=COMMUNITY) for name in ("many", "ann")
        ]
        loaded = await asyncio.gather(*map(scorer.service.load, requests))
        await asyncio.gather(*(verify(scorer, each) for each in loaded))
    assert done == [1, 120]


async def test_a_wrong_key_loads_nothing(world: World) -> None:
    """Only the key is loaded for a hash that isn't the key's."""
    await world.add_stamp("ann", "Google", ["v0:ann"])
    await world.connection.execute(
        """INSERT INTO account_accountapikey (id, prefix, hashed_key, created, name, revoked,
            account_id, create_scorers, read_scores, submit_passports, historical_endpoint)
        VALUES ('id', 'key', 'right', now(), '', false, 1, false, true, false, false)"""
    )
    async with world.scorer() as scorer:
        for key_hash, found in (("wrong", False), (None, False), ("right", True)):
            request = ScoringRequest(
                address("ann"), None, "key", str(COMMUNITY), COMMUNITY, key_hash
            )
            loaded = await scorer.service.load(request)
            assert loaded.key is not None
            assert (loaded.inputs.community_id, documents(loaded.inputs)) == (
                (COMMUNITY, 1) if found else (None, 0)
            )


async def test_only_a_capped_award_takes_the_lock_of_capped_actions(world: World) -> None:
    """An address on a list that gets no award does not wait for the lock."""
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
            written=True, capped_lists=True, starts_at=world.now + timedelta(days=1)
        )
        shown = PointsPolicy(shown=True, capped_lists=True)
        for policy in (shown, PointsPolicy(written=True), later):
            async with world.scorer(points=policy) as scorer:
                pair = partial(
                    scorer.service.score_within, address=address("ann"), community_id=BAD_COMMUNITY
                )
                assert kept(await scorer.service.transact(address("ann"), pair)) == ["Google"]
    await holder.close()
