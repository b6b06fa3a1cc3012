"""Old nonces go as new ones come: a few with each, and only what has long expired."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import pytest

from passport_scorer.auth.nonces import Nonces
from passport_scorer.db.database import Database, DatabaseSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1, seconds=1)
STILL_KEPT = {
    "expired lately": NOW - timedelta(minutes=59),
    "expires soon": NOW + timedelta(minutes=5),
    "expires one day": NOW + timedelta(days=400),
    "never expires": None,
}


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    """A connection of another client."""
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The service's pool."""
    pool = Database(DatabaseSettings(database_url))
    await pool.open()
    yield pool
    await pool.close()


async def add(connection: Any, expires_on: datetime | None, name: str, count: int = 1) -> None:
    """Add nonces that were made earlier; every other one was used."""
    await connection.execute(
        """INSERT INTO account_nonce (nonce, created_on, was_used, expires_on)
        SELECT $2::text || '-' || n, now(), n % 2 = 0, $1
        FROM generate_series(1, $3::integer) AS n""",
        expires_on,
        name,
        count,
    )


async def left(connection: Any) -> dict[str, int]:
    """Count the nonces by name; new ones have none."""
    rows = await connection.fetch(
        """SELECT CASE WHEN nonce LIKE '%-%' THEN split_part(nonce, '-', 1) ELSE 'new' END AS name,
        count(*) AS count FROM account_nonce GROUP BY name"""
    )
    return {row["name"]: row["count"] for row in rows}


async def create(nonces: Nonces, count: int) -> None:
    """Issue nonces, one at a time."""
    for _ in range(count):
        await nonces.create()


async def test_only_long_expired_nonces_are_deleted(connection: Any, database: Database) -> None:
    """Wherever it stands between others, used or not; what never expires stays for good."""
    for name, expires_on in STILL_KEPT.items():
        if name != "expires soon":
            await add(connection, expires_on, name, 25)
            await add(connection, LONG_AGO, f"old, before what {name}", 15)
    nonces = Nonces(database, lambda: NOW)
    await create(nonces, 3)
    assert (await left(connection))["expired lately"] == 25
    later = Nonces(database, lambda: NOW + timedelta(minutes=2))
    await create(later, 20)
    assert await left(connection) == {"expires one day": 25, "never expires": 25, "new": 23}


async def test_nothing_is_deleted_that_may_still_be_needed(
    connection: Any, database: Database
) -> None:
    """However many nonces are given out, those of the last hour stay, and stay usable."""
    for name, expires_on in STILL_KEPT.items():
        await add(connection, expires_on, name, 30)
    await create(Nonces(database, lambda: NOW), 50)
    assert await left(connection) == {**dict.fromkeys(STILL_KEPT, 30), "new": 50}
    assert await Nonces(database, lambda: NOW).use("expires soon-1")


async def test_a_few_at_a_time(connection: Any, database: Database) -> None:
    """Each insert deletes up to 20 old nonces, so that no caller waits for a big deletion."""
    await add(connection, LONG_AGO, "old", 1000)
    nonces = Nonces(database, lambda: NOW)
    for created in range(1, 51):
        await nonces.create()
        assert (await left(connection)).get("old", 0) == 1000 - 20 * created


async def test_the_table_stays_small_in_the_long_run(connection: Any, database: Database) -> None:
    """A thousand nonces a day leave a few hours' worth, also across restarts."""
    for hour in range(48):
        await create(Nonces(database, partial(NOW.__add__, timedelta(hours=hour))), 21)
    assert await connection.fetchval("SELECT count(*) FROM account_nonce") <= 3 * 21


async def test_a_nonce_that_is_held_is_not_waited_for(connection: Any, database: Database) -> None:
    """A lock on an old nonce does not delay the next insert."""
    await add(connection, LONG_AGO, "old", 30)
    async with connection.transaction():
        await connection.execute("SELECT FROM account_nonce WHERE nonce = 'old-7' FOR UPDATE")
        await create(Nonces(database, lambda: NOW), 3)
    assert await left(connection) == {"old": 1, "new": 3}


async def test_many_at_once(connection: Any, database: Database) -> None:
    """Callers who clean up at the same time get their nonces, all different."""
    await add(connection, LONG_AGO, "old", 500)
    processes = [Nonces(database, lambda: NOW) for _ in range(4)]
    given = await asyncio.gather(*(each.create() for each in processes for _ in range(50)))
    assert len(set(given)) == 200
    assert (await left(connection))["new"] == 200
