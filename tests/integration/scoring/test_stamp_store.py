"""The stamp store: storing and scoring are one thing."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from passport_scorer.demo.signing import sign_eip712
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.submitted_stamps import (
    Entry,
    NoStampToDelete,
    SubmittedStamp,
    UnusableEntry,
)
from passport_scorer.scoring.stamp_store import Source, SourceApp, StampStore

from .world import COMMUNITY, ISSUER_KEY, START, Road, World, address

SOURCE = Source(SourceApp.PASSPORT, COMMUNITY)


TICKS = itertools.count()


def store_of(road: Road, world: World) -> StampStore:
    """A stamp store on a road; its clock never shows a time twice, as real ones hardly do."""

    def clock() -> datetime:
        return world.now + timedelta(microseconds=next(TICKS))

    return StampStore(road.database, road.road, clock)


def entry(name: str, provider: str, nullifier: str, **changes: str) -> Entry:
    """An entry with a genuine stamp; `document` replaces its text."""
    credential = sign_eip712(
        ISSUER_KEY,
        address=address(name),
        provider=provider,
        nullifiers=[nullifier],
        issued_at=START - timedelta(days=1),
        expires_at=START + timedelta(days=90),
    )
    document = changes.get("document", json.dumps(credential))
    proof_value = credential["proof"]["proofValue"]
    return Entry(provider, SubmittedStamp(document, provider, proof_value, START, START))


async def test_a_stamp_is_stored_as_it_was_sent(world: World) -> None:
    """The columns are those of existing deployments, the credential is the one that was sent."""
    async with world.road() as road:
        store = store_of(road, world)
        sent = entry("ann", "Google", "v0:g")
        stamps, outcome = await store.store(address("ann"), [sent], COMMUNITY, SOURCE)
        assert [(stamp.provider, stamp.address) for stamp in stamps] == [("Google", address("ann"))]
        assert outcome.score.raw == Decimal("1.5")
    (row,) = await world.rows("SELECT * FROM ceramic_cache_ceramiccache")
    assert sent.stamp
    assert json.loads(row["stamp"]) == json.loads(sent.stamp.document)
    expected = {
        "type": 1,
        "compose_db_save_status": "pending",
        "compose_db_stream_id": "",
        "source_app": 1,
        "source_scorer_id": COMMUNITY,
        "deleted_at": None,
        "proof_value": sent.stamp.proof_value,
    }
    assert {name: row[name] for name in expected} == expected


async def test_replace_delete_and_keep(world: World) -> None:
    """A new stamp replaces the old one, an entry without one deletes, others stay."""
    async with world.road() as road:
        store = store_of(road, world)
        first = [entry("ann", provider, f"v0:{provider}") for provider in ("Google", "Ens", "X")]
        await store.store(address("ann"), first, COMMUNITY, SOURCE)
        changes = [entry("ann", "Google", "v0:new"), Entry("Ens")]
        stamps, outcome = await store.store(address("ann"), changes, COMMUNITY, Source())
    assert [stamp.provider for stamp in stamps] == ["Google", "X"]
    assert sorted(outcome.score.stamps) == ["Google", "X"]
    deleted = await world.rows(
        "SELECT provider FROM ceramic_cache_ceramiccache WHERE deleted_at IS NOT NULL ORDER BY 1"
    )
    assert [row["provider"] for row in deleted] == ["Ens", "Google"]


@pytest.mark.parametrize(
    ("entries", "community_id", "error"),
    [
        ([entry("ann", "Ens", "v0:e"), Entry("Ens")], COMMUNITY, UnusableEntry),
        ([entry("ann", "Ens", "v0:e")], 999, ScorerNotFound),
        ([entry("ann", "Ens", "v0:e", document='{"a": "\\u0000"}')], COMMUNITY, UnusableEntry),
        ([entry("ann", "Ens", "v0:e", document='{"a": "\\ud800"}')], COMMUNITY, UnusableEntry),
        ([entry("ann", "Ens", "v0:e", document='{"a": 1e999999}')], COMMUNITY, UnusableEntry),
    ],
)
async def test_a_refused_call_leaves_nothing(
    world: World, entries: list[Entry], community_id: int, error: type[Exception]
) -> None:
    """What can't be stored or scored leaves the stamps as they were."""
    await world.add_stamp("ann", "Ens", ["v0:old"])
    async with world.road() as road:
        store = store_of(road, world)
        with pytest.raises(error):
            await store.store(address("ann"), entries, community_id, SOURCE)
    (row,) = await world.rows("SELECT deleted_at FROM ceramic_cache_ceramiccache")
    assert row["deleted_at"] is None
    assert await world.rows("SELECT FROM registry_passport") == []


async def test_delete_scores_what_is_left(world: World) -> None:
    """Deleting recomputes the score; deleting nothing is refused and changes nothing."""
    await world.add_stamp("ann", "Ens", ["v0:e"])
    await world.add_stamp("ann", "Google", ["v0:g"])
    async with world.road() as road:
        store = store_of(road, world)
        stamps = await store.delete(address("ann"), ["Ens", "Ens", "Nonsense"], COMMUNITY)
        assert [stamp.provider for stamp in stamps] == ["Google"]
        recorded, _ = await store.recorded_score(address("ann"), COMMUNITY)
        assert recorded
        assert recorded.evidence.raw_score == Decimal("1.5")
        for providers in (["Ens"], []):
            with pytest.raises(NoStampToDelete):
                await store.delete(address("ann"), providers, COMMUNITY)
    assert len(await world.rows("SELECT FROM registry_event")) == 1


async def test_fifty_calls_at_once(world: World) -> None:
    """Fifty calls for one address in two processes: one live stamp per provider, none lost."""
    async with world.road() as a, world.road() as b:
        stores = itertools.cycle((store_of(a, world), store_of(b, world)))
        calls = [
            next(stores).store(
                address("ann"),
                [entry("ann", "Google", "v0:g"), entry("ann", f"P{i % 7}", f"v0:{i % 7}")],
                COMMUNITY,
                SOURCE,
            )
            for i in range(50)
        ]
        await asyncio.gather(*calls)
    live = await world.rows(
        """SELECT provider, count(*) FROM ceramic_cache_ceramiccache WHERE deleted_at IS NULL
        GROUP BY provider ORDER BY provider"""
    )
    expected = sorted(["Google", *(f"P{i}" for i in range(7))])
    assert [(row["provider"], row["count"]) for row in live] == [(each, 1) for each in expected]
    assert len(await world.rows("SELECT FROM ceramic_cache_ceramiccache")) == 100
    assert await world.copies("ann") == expected


async def test_a_recorded_score_is_not_computed_again(world: World) -> None:
    """Until it expires, the stored score is what it was."""
    await world.add_stamp("ann", "Ens", ["v0:e"], lasts=timedelta(days=1))
    async with world.road() as road:
        store = store_of(road, world)
        assert not await store.is_scored(address("ann"), COMMUNITY)
        assert (await store.recorded_score(address("ann"), COMMUNITY))[0] is None
        await road.score("ann")
        assert await store.is_scored(address("ann"), COMMUNITY)
        assert (await store.recorded_score(address("ann"), COMMUNITY))[0]
        world.now += timedelta(days=1)
        assert (await store.recorded_score(address("ann"), COMMUNITY))[0] is None
        with pytest.raises(ScorerNotFound):
            await store.recorded_score(address("ann"), 999)
