"""Connections that are borrowed come back as they were, or don't come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.db.errors import DatabaseUnavailable, QueryFailed, ValueRefused
from passport_scorer.db.queries.nonces import insert_nonce
from passport_scorer.db.statement import Query

NOW = datetime.now(UTC)


class Number(msgspec.Struct, frozen=True):
    """A number that a statement takes and returns."""

    number: int | float


def statement(sql: str) -> Query[Number, Number]:
    """A statement of a test, which takes a number."""
    query = Query("of_a_test", Number, Number, register=False)
    query.__dict__["sql"] = sql
    return query


ECHO = statement("SELECT $1::bigint AS number")
SMALL = statement("SELECT count(*) AS number FROM account_nonce WHERE id = $1::int")
SLEEP = statement("SELECT 1 AS number FROM pg_sleep($1::float8)")
SESSION = statement("SELECT pg_backend_pid() AS number WHERE $1::bigint = 0")


@asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[tuple[Database, Any]]:
    """A pool with one connection, and a connection to look at it from outside."""
    database = Database(DatabaseSettings(url, pool_size=1, **settings))
    await database.open()
    observer = await asyncpg.connect(url)
    try:
        yield database, observer
    finally:
        await observer.close()
        await database.close()


async def until_asleep(observer: Any) -> None:
    """Wait until a statement is in progress."""
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = "
    for _ in range(6000):
        if await observer.fetchval(asleep + "current_database()"):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(asleep)


async def session_of(database: Database) -> int:
    """The server's process behind the only connection."""
    (session,) = await database.fetch(SESSION, Number(0))
    return int(session.number)


@pytest.mark.parametrize("prepared", [True, False])
async def test_a_value_that_is_refused(database_url: str, *, prepared: bool) -> None:
    """A statement whose value can't be sent leaves nothing open: no transaction, no lock."""
    async with opened(database_url, prepared_statements=prepared) as (database, observer):
        session = await session_of(database)
        for _ in range(2):
            with pytest.raises(ValueRefused):
                await database.fetch(SMALL, Number(2**40))
            state = "SELECT state FROM pg_stat_activity WHERE pid = $1 AND xact_start IS NULL"
            assert await observer.fetchval(state, session) == "idle"
            locks = "SELECT count(*) FROM pg_locks WHERE pid = $1"
            assert await observer.fetchval(locks, session) == 0
        async with database.transaction() as connection:
            with pytest.raises(ValueRefused):
                await connection.fetch(SMALL, Number(2**40))
        assert await session_of(database) == session


async def test_a_statement_that_is_given_up(database_url: str) -> None:
    """A caller that disconnects loses its connection, and no later caller gets its answer."""
    async with opened(database_url) as (database, observer):
        session = await session_of(database)
        waiting = asyncio.create_task(database.fetch(SLEEP, Number(60)))
        await until_asleep(observer)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await database.fetch(ECHO, Number(7)) == [Number(7)]
        assert await session_of(database) != session


async def test_a_statement_that_takes_too_long(database_url: str) -> None:
    """It is given up, also in a transaction, and the next one finds another connection."""
    async with opened(database_url, statement_timeout=1.0) as (database, _):
        with pytest.raises(DatabaseUnavailable):
            await database.fetch(SLEEP, Number(60))
        with pytest.raises(DatabaseUnavailable):
            async with database.transaction() as connection:
                await connection.fetch(SLEEP, Number(60))
        assert await database.fetch(ECHO, Number(7)) == [Number(7)]


@pytest.mark.parametrize("at", ["statement", "end"])
async def test_a_session_that_ends_in_a_transaction(database_url: str, at: str) -> None:
    """The whole transaction is rolled back, whether a statement or the commit notices."""
    expires_on = NOW + timedelta(minutes=5)
    async with opened(database_url) as (database, observer):
        session = await session_of(database)

        async def interrupted() -> None:
            async with database.transaction() as connection:
                await insert_nonce(connection, "0" * 60, created_on=NOW, expires_on=expires_on)
                await observer.execute(f"SELECT pg_terminate_backend({session}, 5000)")
                await asyncio.sleep(0.1)  # the connection's end is heard of
                if at == "statement":
                    await connection.fetch(ECHO, Number(1))

        with pytest.raises(DatabaseUnavailable):
            await interrupted()
        assert await observer.fetchval("SELECT count(*) FROM account_nonce") == 0
        assert await database.fetch(ECHO, Number(7)) == [Number(7)]


async def test_what_can_not_be_committed(database_url: str) -> None:
    """A deferred constraint fails the transaction, and nothing else."""
    async with opened(database_url) as (database, observer):
        await observer.execute(
            "CREATE TABLE whole (id bigint PRIMARY KEY);"
            "CREATE TABLE part (whole bigint REFERENCES whole DEFERRABLE INITIALLY DEFERRED)"
        )
        session = await session_of(database)
        insert = statement("INSERT INTO part VALUES ($1) RETURNING whole AS number")
        with pytest.raises(QueryFailed):
            async with database.transaction() as connection:
                await connection.fetch(insert, Number(1))
        assert await observer.fetchval("SELECT count(*) FROM part") == 0
        assert await session_of(database) == session


async def test_connections_are_renewed(database_url: str) -> None:
    """After `renew` every connection is a new one."""
    async with opened(database_url) as (database, _):
        session = await session_of(database)
        assert await session_of(database) == session
        await database.renew()
        assert await session_of(database) != session


async def test_connections_in_use_are_renewed_later(database_url: str) -> None:
    """A statement begun before `renew` ends on its connection, which isn't used again."""
    async with opened(database_url) as (database, _):
        async with database.connection() as connection:
            (session,) = await connection.fetch(SESSION, Number(0))
            await database.renew()
            assert await connection.fetch(SESSION, Number(0)) == [session]
        assert await session_of(database) != session.number


async def test_a_waiter_gets_the_released_connection(database_url: str) -> None:
    """However many want one connection at the same time, each of them gets it in turn."""
    async with opened(database_url) as (database, _):
        async with asyncio.timeout(60):
            answers = await asyncio.gather(
                *(database.fetch(ECHO, Number(number)) for number in range(20))
            )
        assert answers == [[Number(number)] for number in range(20)]
        sessions = {await session_of(database) for _ in range(3)}
        assert len(sessions) == 1


async def test_closing_waits_for_connections_in_use(database_url: str) -> None:
    """A statement in progress ends, and closing ends with it; no connection is left."""
    async with opened(database_url) as (database, observer):
        await database.fetch(ECHO, Number(1))
        under_way = asyncio.create_task(database.fetch(SLEEP, Number(0.5)))
        await until_asleep(observer)
        async with asyncio.timeout(60):
            await database.close()
        assert await under_way == [Number(1)]
        others = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        for _ in range(50):
            if not (left := await observer.fetchval(others)):
                break
            await asyncio.sleep(0.1)
        assert not left


async def test_a_statement_of_any_length_is_planned_once(database_url: str) -> None:
    """The second time a statement is executed the session has it prepared, however long it is."""
    texts = (
        "SELECT name AS number FROM pg_prepared_statements WHERE statement LIKE '%of any length%'"
    )
    long = statement(f"SELECT $1::bigint AS number -- of any length {'x' * 100_000}")
    async with opened(database_url) as (database, _):
        for number in range(3):
            (row,) = await database.fetch(long, Number(number))
            assert row.number == number
        counted = f"SELECT count(*) AS number FROM ({texts}) AS t WHERE $1::bigint = 0"
        (prepared,) = await database.fetch(statement(counted), Number(0))
    assert prepared.number == 2  # this one, too
