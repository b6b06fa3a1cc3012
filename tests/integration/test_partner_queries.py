"""The partner queries other than scores, on a real database."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.db.queries.partners import (
    find_api_key,
    find_historical_score,
    find_stamps_page,
)
from passport_scorer.domain.pagination import START, Cursor, PagedStamp, StampsPage
from passport_scorer.domain.score_history import HistoricalScore

ADDRESS = "0x" + "ab" * 20
OTHER = "0x" + "cd" * 20
NOON = datetime(2025, 5, 1, 12, tzinfo=UTC)


HASH = "hash"  # of both keys


class Registry:
    """Two accounts with a key each; communities 1 and 2 of the first, 3 of the second."""

    def __init__(self, connection: Any, database: Database) -> None:
        self.connection = connection
        self.database = database

    async def fill(self) -> None:
        """Add accounts, keys and communities."""
        await self.connection.execute(
            """
            INSERT INTO auth_user
            SELECT n, '!', NULL, false, n::text, '', '', '', false, true, now()
            FROM generate_series(1, 2) AS n;
            INSERT INTO account_account SELECT n, '0x', n FROM generate_series(1, 2) AS n;
            INSERT INTO account_accountapikey (
                id, prefix, hashed_key, created, name, revoked, account_id, rate_limit,
                create_scorers, read_scores, submit_passports, historical_endpoint
            )
            SELECT 'id' || n, 'key' || n, 'hash', now(), '', false, n, '5/1m',
                false, true, false, n = 1
            FROM generate_series(1, 2) AS n;
            INSERT INTO scorer_weighted_scorer VALUES
                (1, 'WEIGHTED_BINARY', false), (2, 'WEIGHTED', false), (3, 'WEIGHTED', false);
            INSERT INTO scorer_weighted_binaryweightedscorer VALUES (1, '{}', 20);
            INSERT INTO scorer_weighted_weightedscorer VALUES (2, '{}', 2.5), (3, '{}', 3);
            INSERT INTO account_community (
                id, name, description, account_id, scorer_id, rule, human_points_program,
                external_scorer_id
            ) VALUES
                (1, 'one', '', 1, 1, 'LIFO', false, NULL),
                (2, 'two', '', 1, 2, 'LIFO', false, '1'),
                (3, 'three', '', 2, 3, 'LIFO', false, 'theirs')
            """
        )

    async def add_event(
        self,
        name: str,
        seconds: int = 0,
        *,
        action: str = "SCU",
        address: str = ADDRESS,
        community: int | None = 1,
    ) -> None:
        """Add an event with a name, some seconds after noon."""
        await self.connection.execute(
            """INSERT INTO registry_event (action, address, created_at, data, community_id)
            VALUES ($1, $2, $3, $4, $5)""",
            action,
            address,
            NOON + timedelta(seconds=seconds),
            json.dumps({"name": name}),
            community,
        )

    async def event(
        self,
        seconds: int = 0,
        *,
        external: str | None = None,
        scorer: int | None = 1,
        key_hash: str = HASH,
        prefix: str = "key1",
    ) -> HistoricalScore:
        """Return the row of a key, some seconds after noon."""
        return await find_historical_score(
            self.database,
            key_prefix=prefix,
            key_hash=key_hash,
            external_scorer_id=external,
            scorer_id=scorer,
            address=ADDRESS,
            created_at=NOON + timedelta(seconds=seconds),
        )

    async def add_stamps(
        self, *providers: str, address: str = ADDRESS, kind: int = 1, deleted: bool = False
    ) -> list[int]:
        """Add stamps, and return their ids."""
        return [
            await self.connection.fetchval(
                """INSERT INTO ceramic_cache_ceramiccache (
                    address, provider, stamp, updated_at, type, deleted_at,
                    compose_db_save_status, compose_db_stream_id, proof_value
                ) VALUES ($1, $2, $3, now(), $4, CASE WHEN $5 THEN now() END, '', '', '')
                RETURNING id""",
                address,
                provider,
                '{"n": 1.10, "provider": ' + json.dumps(provider) + "}",
                kind,
                deleted,
            )
            for provider in providers
        ]

    async def page(
        self,
        limit: int = 1000,
        *,
        below: int = START.id,
        above: int | None = None,
        key_hash: str = HASH,
        prefix: str = "key1",
    ) -> StampsPage:
        """A page for a key."""
        return await find_stamps_page(
            self.database,
            key_prefix=prefix,
            key_hash=key_hash,
            address=ADDRESS,
            cursor=Cursor("next", below) if above is None else Cursor("prev", above),
            limit=limit,
        )


@pytest.fixture
async def registry(database_url: str) -> AsyncIterator[Registry]:
    """A fresh database with accounts, keys and communities."""
    database = Database(DatabaseSettings(database_url))
    await database.open()
    connection = await asyncpg.connect(database_url)
    registry = Registry(connection, database)
    await registry.fill()
    yield registry
    await connection.close()
    await database.close()


def name(score: HistoricalScore) -> str | None:
    """The name of the event that was read."""
    return None if score.data is None else str(json.loads(score.data)["name"])


def ids_of(page: StampsPage) -> list[int]:
    """The ids of the stamps of a page, in order."""
    return [stamp.id for stamp in page.stamps]


async def test_the_key_alone(registry: Registry) -> None:
    """A key is found by its prefix."""
    key = await find_api_key(registry.database, "key1")
    assert key is not None
    assert (key.key_id, key.historical_endpoint, key.rate_limit) == ("id1", True, "5/1m")


async def test_no_such_key(registry: Registry) -> None:
    """An unknown prefix finds nothing, whatever else is requested."""
    await registry.add_event("seen")
    await registry.add_stamps("Google")
    assert await find_api_key(registry.database, "key9") is None
    assert await registry.event(prefix="key9") == HistoricalScore(None)
    assert await registry.page(prefix="key9") == StampsPage(None)


async def test_the_key_comes_with_everything(registry: Registry) -> None:
    """Each statement returns the same key."""
    alone = await find_api_key(registry.database, "key1")
    assert (await registry.event()).key == alone
    assert (await registry.page()).key == alone


@pytest.mark.parametrize("key_hash", ["", "wrong", "has"])
async def test_a_wrong_secret_reads_the_key_alone(registry: Registry, key_hash: str) -> None:
    """Nothing that the key may see is read before it is known to be the right one."""
    await registry.add_event("seen")
    await registry.add_stamps("Google")
    key = await find_api_key(registry.database, "key1")
    assert await registry.event(key_hash=key_hash) == HistoricalScore(key)
    assert await registry.page(key_hash=key_hash) == StampsPage(key)


async def test_either_hash_of_a_key_lets_read(registry: Registry) -> None:
    """The PBKDF2 hash was checked by then; the SHA-256 hash is that of the presented key."""
    await registry.add_event("seen")
    await registry.connection.execute(
        "UPDATE account_accountapikey SET hashed_key_sha256 = 'sha256'"
    )
    for key_hash in (HASH, "sha256"):
        assert name(await registry.event(key_hash=key_hash)) == "seen"


async def test_a_page_ends_before_it_is_too_large(registry: Registry) -> None:
    """A page's overflow is on the next page; a row that can't be a stamp is on no page."""
    await registry.connection.execute(
        """INSERT INTO ceramic_cache_ceramiccache (
            address, provider, stamp, updated_at, type,
            compose_db_save_status, compose_db_stream_id, proof_value
        ) SELECT $1, n, to_jsonb(repeat('x', CASE n WHEN 3 THEN 65536 ELSE 65000 END)), now(), 1,
            '', '', '' FROM generate_series(1, 300) n""",
        ADDRESS,
    )
    seen: list[int] = []
    page = await registry.page()
    while page.stamps:
        assert sum(len(stamp.document) for stamp in page.stamps) < 9_000_000
        seen += ids_of(page)
        page = await registry.page(below=seen[-1])
    assert len(seen) == 299
    assert seen == sorted(seen, reverse=True)


async def test_the_newest_event_at_or_before(registry: Registry) -> None:
    """Times decide, not the order in which events were written; the same time counts."""
    await registry.add_event("second", 10)
    await registry.add_event("first", 0)
    names = [name(await registry.event(seconds)) for seconds in (-1, 0, 9, 10, 11)]
    assert names == [None, "first", "first", "second", "second"]


async def test_events_of_the_same_moment(registry: Registry) -> None:
    """Of two events of one moment the later written is the newer."""
    await registry.add_event("first")
    await registry.add_event("second")
    assert name(await registry.event()) == "second"


async def test_events_of_others_do_not_count(registry: Registry) -> None:
    """Neither do other actions, addresses and communities, however new."""
    await registry.add_event("right")
    await registry.add_event("wrong action", 1, action="LDP")
    await registry.add_event("wrong address", 1, address=OTHER)
    await registry.add_event("wrong community", 1, community=2)
    await registry.add_event("no community", 1, community=None)
    assert name(await registry.event(5)) == "right"


async def test_the_community(registry: Registry) -> None:
    """It is found by its id and by its external id, which is tried first."""
    rows = [
        await registry.event(),
        await registry.event(external="nothing", scorer=2),
        await registry.event(external="1", scorer=1),
    ]
    assert [row.community_id for row in rows] == [1, 2, 2]


@pytest.mark.parametrize(("external", "scorer"), [("theirs", None), ("3", 3), (None, None)])
async def test_communities_of_others_are_not_found(
    registry: Registry, external: str | None, scorer: int | None
) -> None:
    """Neither by id nor by external id; and no events without a community."""
    await registry.add_event("theirs", community=3)
    row = await registry.event(external=external, scorer=scorer)
    assert (row.community_id, row.data) == (None, None)


async def test_a_page_is_newest_first(registry: Registry) -> None:
    """Ids, providers and documents come in the same order; documents with every digit."""
    ids = await registry.add_stamps("Ens", "Google")
    page = await registry.page()
    assert page.stamps == [
        PagedStamp(ids[1], "Google", '{"n": 1.10, "provider": "Google"}'),
        PagedStamp(ids[0], "Ens", '{"n": 1.10, "provider": "Ens"}'),
    ]
    assert (page.has_newer, page.has_older) == (False, False)


async def test_pages_in_both_directions(registry: Registry) -> None:
    """A page starts next to the given id, and knows whether there are rows on either side."""
    one, two, three, four, five = await registry.add_stamps("a", "b", "c", "d", "e")
    pages = [
        await registry.page(2),
        await registry.page(2, below=four),
        await registry.page(2, below=two),
        await registry.page(2, above=one),
        await registry.page(2, above=three),
        await registry.page(9, above=one),
    ]
    assert [(ids_of(page), page.has_newer, page.has_older) for page in pages] == [
        ([five, four], False, True),
        ([three, two], True, True),
        ([one], True, False),
        ([three, two], True, True),
        ([five, four], False, True),
        ([five, four, three, two], False, True),
    ]


async def test_rows_that_are_not_listed(registry: Registry) -> None:
    """Deleted stamps and those of another type or address are neither shown nor neighbors."""
    await registry.add_stamps("a", deleted=True)
    await registry.add_stamps("b", kind=2)
    await registry.add_stamps("c", address=OTHER)
    (shown,) = await registry.add_stamps("d")
    await registry.add_stamps("a", deleted=True)
    await registry.add_stamps("e", kind=2)
    await registry.add_stamps("c2", address=OTHER)
    page = await registry.page(1)
    assert (ids_of(page), page.has_newer, page.has_older) == ([shown], False, False)


async def test_an_empty_page(registry: Registry) -> None:
    """A place beyond the last stamp has nothing, and nothing near."""
    (only,) = await registry.add_stamps("a")
    for page in (await registry.page(below=only), await registry.page(above=only)):
        assert (page.stamps, page.has_newer, page.has_older) == ([], False, False)
