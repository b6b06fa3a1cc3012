"""The stamp store: storing and scoring are one transaction."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passport_scorer.credentials.stored_form import WrittenNumber, stored_text
from passport_scorer.db.url import connected
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.submissions import (
    Entry,
    NoStampToDelete,
    Source,
    SourceApp,
    SubmittedStamp,
    TooManyLiveStamps,
    UnusableEntry,
)
from passport_scorer.scoring.stamp_store import LONGEST_ANSWER, StampStore
from passport_scorer.tools.demo.signing import sign_eip712
from tests.support.captured_logs import capture_logs
from tests.support.counting import Counting

from .world import COMMUNITY, ISSUER_KEY, START, Scorer, World, address, kept, shown

SOURCE = Source(SourceApp.PASSPORT, COMMUNITY)


TICKS = itertools.count()


def store_of(scorer: Scorer, world: World, **limits: int) -> StampStore:
    """A stamp store; its clock never shows the same time twice, as real ones hardly do."""

    def clock() -> datetime:
        return world.now + timedelta(microseconds=next(TICKS))

    return StampStore(scorer.database, scorer.service, clock, **limits)


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
    stored = changes.get("document", stored_text(credential))
    proof_value = credential["proof"]["proofValue"]
    return Entry(provider, SubmittedStamp(document, stored, provider, proof_value, START, START))


async def test_a_stamp_is_stored_as_it_was_sent(world: World) -> None:
    """The columns are those of existing deployments, the credential is the one that was sent."""
    async with world.scorer() as scorer:
        store = store_of(scorer, world)
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
    async with world.scorer() as scorer:
        store = store_of(scorer, world)
        first = [entry("ann", provider, f"v0:{provider}") for provider in ("Google", "Ens", "X")]
        await store.store(address("ann"), first, COMMUNITY, SOURCE)
        changes = [entry("ann", "Google", "v0:new"), Entry("Ens")]
        stamps, outcome = await store.store(address("ann"), changes, COMMUNITY, Source())
    assert [stamp.provider for stamp in stamps] == ["Google", "X"]
    assert sorted(shown(outcome)) == ["Google", "X"]
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
    """A request that can't be stored or scored leaves the stamps unchanged."""
    await world.add_stamp("ann", "Ens", ["v0:old"])
    async with world.scorer() as scorer:
        store = store_of(scorer, world)
        with pytest.raises(error):
            await store.store(address("ann"), entries, community_id, SOURCE)
    (row,) = await world.rows("SELECT deleted_at FROM ceramic_cache_ceramiccache")
    assert row["deleted_at"] is None
    assert await world.rows("SELECT FROM registry_passport") == []


async def test_delete_scores_the_remaining_stamps(world: World) -> None:
    """Deleting recomputes the score; deleting nothing is refused and changes nothing."""
    await world.add_stamp("ann", "Ens", ["v0:e"])
    await world.add_stamp("ann", "Google", ["v0:g"])
    async with world.scorer() as scorer:
        store = store_of(scorer, world)
        stamps = await store.delete(address("ann"), ["Ens", "Ens", "Nonsense"], COMMUNITY)
        assert [stamp.provider for stamp in stamps] == ["Google"]
        recorded, _ = await store.recorded_score(address("ann"), COMMUNITY)
        assert recorded
        assert recorded.raw == Decimal("1.5")
        for providers in (["Ens"], []):
            with pytest.raises(NoStampToDelete):
                await store.delete(address("ann"), providers, COMMUNITY)
    assert len(await world.rows("SELECT FROM registry_event")) == 1


async def test_fifty_calls_at_once(world: World) -> None:
    """Fifty calls for one address in two processes: one live stamp per provider, none lost."""
    async with world.scorer() as a, world.scorer() as b:
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
    assert await world.registered("ann") == expected


@pytest.mark.parametrize(
    ("column", "value"), [("stamps", "[]"), ("evidence", '{"rawScore": "NaN", "threshold": "20"}')]
)
async def test_an_unreadable_score_counts_as_missing(world: World, column: str, value: str) -> None:
    """An unreadable score is computed again."""
    await world.add_stamp("ann", "Google", ["v0:ann"])
    async with world.scorer() as scorer:
        store = store_of(scorer, world)
        await scorer.score("ann")
        await world.connection.execute(f"UPDATE registry_score SET {column} = $1", value)
        assert (await store.recorded_score(address("ann"), COMMUNITY))[0] is None


async def test_a_recorded_score_is_not_computed_again(world: World) -> None:
    """Until it expires, the stored score stays the same."""
    await world.add_stamp("ann", "Ens", ["v0:e"], lasts=timedelta(days=1))
    async with world.scorer() as scorer:
        store = store_of(scorer, world)
        assert not await store.is_scored(address("ann"), COMMUNITY)
        assert (await store.recorded_score(address("ann"), COMMUNITY))[0] is None
        await scorer.score("ann")
        assert await store.is_scored(address("ann"), COMMUNITY)
        assert (await store.recorded_score(address("ann"), COMMUNITY))[0]
        world.now += timedelta(days=1)
        assert (await store.recorded_score(address("ann"), COMMUNITY))[0] is None
        with pytest.raises(ScorerNotFound):
            await store.recorded_score(address("ann"), 999)


JSON_NUMBERS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?([eE][+-]?[0-8]?[0-9])?\Z")
JSON_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)


def json_texts(value: object) -> str:
    """JSON of nested lists and pairs; a tuple is a number, exactly as it is written."""
    if isinstance(value, tuple):
        return str(value[0])
    if isinstance(value, list):
        return f"[{','.join(map(json_texts, value))}]"
    if isinstance(value, dict):
        members = (f"{json.dumps(name)}:{json_texts(value[name])}" for name in value)
        return "{" + ",".join(members) + "}"
    return json.dumps(value)


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), JSON_TEXTS, JSON_NUMBERS.map(lambda text: (text,))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(JSON_TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)


async def test_the_stored_form_is_what_postgresql_gives(database_url: str) -> None:
    """Also of numbers with exponents, escapes and odd characters, and in its order of members."""
    documents: list[str] = []

    @settings(max_examples=400, deadline=None, derandomize=True, database=None)
    @given(st.dictionaries(JSON_TEXTS, JSON_VALUES, max_size=4))
    def collect(value: dict[str, object]) -> None:
        documents.append(json_texts(value))

    collect()
    async with connected(database_url) as connection:
        stored = await connection.fetchval(
            """SELECT array_agg(text::jsonb::text ORDER BY n)
            FROM unnest($1::text[]) WITH ORDINALITY AS document (text, n)""",
            documents,
        )
    decoder = msgspec.json.Decoder(float_hook=WrittenNumber)
    for document, expected in zip(documents, stored, strict=True):
        assert stored_text(decoder.decode(document)) == expected


async def test_stamps_are_verified_before_the_transaction(world: World) -> None:
    """The score of the stored stamps finds their verdicts, however they are written."""
    sent = entry("ann", "Google", "v0:g")
    assert sent.stamp
    document = json.dumps(json.loads(sent.stamp.document), indent=1, ensure_ascii=True)
    sent = Entry("Google", msgspec.structs.replace(sent.stamp, document=document))
    metrics = Counting()
    async with world.scorer(metrics=metrics) as scorer:
        _, outcome = await store_of(scorer, world).store(address("ann"), [sent], COMMUNITY, SOURCE)
    assert kept(outcome) == ["Google"]
    assert metrics.counted == {
        ("credential_cache_misses_total",): 1,
        ("signatures_verified_total", "EthereumEip712Signature2021"): 1,
        ("credential_cache_hits_total",): 1,
        ("scores_computed_total",): 1,
    }


@pytest.mark.parametrize("before", [3, 7])
async def test_the_number_of_stamps_is_bounded(world: World, before: int) -> None:
    """Adding to a full address is rejected as a whole; replacing and deleting are not."""
    for place in range(before):
        await world.add_stamp("ann", f"P{place}", [f"v0:{place}"])
    async with world.scorer() as scorer:
        store = store_of(scorer, world, max_stamps=4)
        several = [entry("ann", provider, f"v1:{provider}") for provider in ("P0", "Ens", "X")]
        with pytest.raises(TooManyLiveStamps, match="at most 4 stamps"):
            await store.store(address("ann"), several, COMMUNITY, SOURCE)
        assert len(await world.rows("SELECT FROM ceramic_cache_ceramiccache")) == before
        await store.store(address("ann"), several[:1], COMMUNITY, SOURCE)
        if before < 4:
            await store.store(address("ann"), several[:2], COMMUNITY, SOURCE)
        exchange = [Entry("P1"), entry("ann", "X", "v1:x")]
        stamps, _ = await store.store(address("ann"), exchange, COMMUNITY, SOURCE)
        assert len(stamps) == 4
        await store.delete(address("ann"), ["P2"], COMMUNITY)


async def test_concurrent_calls_never_exceed_the_limit(world: World) -> None:
    """However many callers add stamps at once, those that still fit are stored."""
    async with world.scorer() as scorer:
        store = store_of(scorer, world, max_stamps=5)
        calls = [
            store.store(address("ann"), [entry("ann", f"P{i}", f"v0:{i}")], COMMUNITY, SOURCE)
            for i in range(20)
        ]
        answers = await asyncio.gather(*calls, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, TooManyLiveStamps)]
    assert len(refused) == 15
    assert len(await world.rows("SELECT FROM ceramic_cache_ceramiccache")) == 5


HUGE = f'{{"a": [{",".join(["1e131071"] * 100)}]}}'
TINY = f'{{"a": [{",".join(["0e-16383"] * 100)}]}}'
LONG = json.dumps({"a": "x" * 66_000})
FITTING = json.dumps({"a": "x" * 60_000})


async def add_document(world: World, provider: str, document: str) -> None:
    """Store a document as a program without bounds does."""
    await world.rows(
        """INSERT INTO ceramic_cache_ceramiccache (
            address, provider, stamp, updated_at, type, compose_db_save_status,
            compose_db_stream_id, proof_value
        ) VALUES ($1, $2, $3::text::jsonb, now(), 1, '', '', '') RETURNING id""",
        address("ann"),
        provider,
        document,
    )


async def test_documents_without_bounds_are_not_listed(world: World) -> None:
    """Neither a long document nor one that becomes long; the others are, and a log event."""
    for place, document in enumerate((HUGE, FITTING, LONG, TINY, '{"a": 1e99}')):
        await add_document(world, f"P{place}", document)
    async with world.scorer() as scorer:
        store = store_of(scorer, world)
        with capture_logs() as logs:
            stamps = await store.live_stamps(address("ann"))
    assert [stamp.provider for stamp in stamps] == ["P4", "P1"]
    (event,) = [event for event in logs if event["event"] == "stamps_not_listed"]
    assert (event["count"], len(event["stamps"])) == (3, 3)


async def test_a_list_is_bounded(world: World) -> None:
    """The newest stamps are listed, within the bounds on their number and bytes."""
    for place in range(80):
        await add_document(world, f"P{place}", FITTING)
    async with world.scorer() as scorer:
        many = await store_of(scorer, world).live_stamps(address("ann"))
        few = await store_of(scorer, world, max_stamps=7).live_stamps(address("ann"))
    texts = sum(len(stamp.document) for stamp in many)
    assert LONGEST_ANSWER - len(FITTING) - 100 < texts <= LONGEST_ANSWER
    assert [stamp.provider for stamp in many] == [f"P{79 - place}" for place in range(len(many))]
    assert few == many[:7]
