"""Faults of the database: which requests each one fails, and with which error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest

from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.db.errors import ClockSkew, DatabaseUnavailable, QueryFailed, RowLocked
from passport_scorer.db.queries.nonces import insert_nonce
from passport_scorer.db.readiness import Readiness
from passport_scorer.db.statement import Query
from tests.support.captured_logs import capture_logs

NOW = datetime.now(UTC)
SECRET = "very-secret"


class Number(msgspec.Struct, frozen=True):
    """A number that a statement takes and returns."""

    number: int | float


def statement(sql: str, row: Any = Number) -> Query[Number, Any]:
    """A statement of a test, which takes a number."""
    query: Query[Number, Any] = Query("of_a_test", Number, row, register=False)
    query.__dict__["sql"] = sql
    return query


ECHO = statement("SELECT $1::bigint AS number")
SLEEP = statement("SELECT 1 AS number FROM pg_sleep($1::float8)")
SESSION = statement("SELECT pg_backend_pid() AS number WHERE $1::bigint = 0")
UPDATE = statement("UPDATE locked SET changed = true WHERE id = $1 RETURNING id AS number")


@asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[tuple[Database, Any]]:
    """A pool, and a connection to look at it from outside."""
    database = Database(DatabaseSettings(url, **{"pool_size": 1, **settings}))
    observer = await asyncpg.connect(url)
    try:
        yield database, observer
    finally:
        await observer.close()
        await database.close()


async def session_of(database: Database) -> int:
    """The server's process behind the connection that is taken next."""
    (session,) = await database.fetch(SESSION, Number(0))
    return int(session.number)


async def until(expected: object, observer: Any, sql: str, *arguments: object) -> None:
    """Wait until a statement yields this value."""
    for _ in range(1000):
        if await observer.fetchval(sql, *arguments) == expected:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(sql)


OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def test_sessions_that_are_ended_under_load(database_url: str) -> None:
    """Answered writes are committed once; writes that certainly rolled back are absent."""
    answered: set[str] = set()
    undone: set[str] = set()

    async def write(database: Database, worker: int) -> None:
        for turn in range(60):
            nonce = f"{worker * 1000 + turn:060}"
            try:
                await insert_nonce(database, nonce, created_on=NOW, expires_on=NOW)
                answered.add(nonce)
            except DatabaseUnavailable as error:
                if error.rolled_back:
                    undone.add(nonce)

    async with opened(database_url, pool_size=4) as (database, observer):
        writers = [asyncio.create_task(write(database, worker)) for worker in range(8)]
        while not all(writer.done() for writer in writers):
            await observer.fetch(f"SELECT pg_terminate_backend(pid) {OTHERS}")
            await asyncio.sleep(0.02)
        await asyncio.gather(*writers)
        rows = await observer.fetch("SELECT nonce FROM account_nonce")
        stored = [row["nonce"] for row in rows]
        assert len(set(stored)) == len(stored)
        assert answered
        assert answered <= set(stored)
        assert not undone & set(stored)
        assert await database.read(ECHO, Number(7)) == [Number(7)]


async def test_reads_survive_sessions_that_are_ended(database_url: str) -> None:
    """A session that ends costs a reader nothing, whether it was idle or at work."""
    working = f"SELECT count(*) {OTHERS} AND query LIKE '%pg_sleep%' AND state = 'active'"
    async with opened(database_url, pool_size=4) as (database, observer):
        for _ in range(10):
            reading = [asyncio.create_task(database.read(SLEEP, Number(0.2))) for _ in range(4)]
            await until(4, observer, working)
            await observer.fetch(f"SELECT pg_terminate_backend(pid) {OTHERS}")
            assert await asyncio.gather(*reading) == [[Number(1)]] * 4
            await observer.fetch(f"SELECT pg_terminate_backend(pid) {OTHERS}")
            assert await database.read(ECHO, Number(7)) == [Number(7)]


@pytest.mark.parametrize("prepared", [True, False])
async def test_a_lock_that_is_held_is_paid_by_its_row_alone(
    database_url: str, *, prepared: bool
) -> None:
    """A statement gives up a lock soon, leaves no backend waiting, and isn't committed later."""
    settings = {"pool_size": 2, "lock_timeout": 0.1, "prepared_statements": prepared}
    async with opened(database_url, **settings) as (database, observer):
        await observer.execute(
            "CREATE TABLE locked (id bigint PRIMARY KEY, changed boolean);"
            "INSERT INTO locked VALUES (1, false), (2, false)"
        )
        holder = observer.transaction()
        await holder.start()
        await observer.execute("SELECT FROM locked WHERE id = 1 FOR UPDATE")
        refused = await asyncio.gather(
            *(database.fetch(UPDATE, Number(1)) for _ in range(6)), return_exceptions=True
        )
        assert [type(error) for error in refused] == [RowLocked] * 6
        with pytest.raises(RowLocked):
            async with database.transaction(lock_timeout=0.05) as connection:
                await connection.fetch(UPDATE, Number(1))
        assert await database.fetch(UPDATE, Number(2)) == [Number(2)]
        assert (
            await observer.fetchval(f"SELECT count(*) {OTHERS} AND wait_event_type = 'Lock'") == 0
        )
        await holder.rollback()
        await until(0, observer, f"SELECT count(*) {OTHERS} AND state <> 'idle'")
        assert await observer.fetchval("SELECT changed FROM locked WHERE id = 1") is False
        assert await database.fetch(UPDATE, Number(1)) == [Number(1)]


@pytest.mark.parametrize("prepared", [True, False])
async def test_limits_on_time_are_the_server_s(database_url: str, *, prepared: bool) -> None:
    """Each statement and each transaction has them, also where sessions are others'."""
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    shown = ", ".join(f"current_setting('{name}')" for name in names)
    query = statement(f"SELECT concat_ws(' ', {shown}) AS limits WHERE $1::bigint = 0", Limits)
    async with opened(database_url, prepared_statements=prepared) as (database, _):
        assert await database.fetch(query, Number(0)) == [Limits("9500ms 500ms 2500ms")]
        async with database.transaction() as connection:
            assert await connection.fetch(query, Number(0)) == [Limits("9500ms 3s 2500ms")]
        async with database.transaction(lock_timeout=1.5) as connection:
            assert await connection.fetch(query, Number(0)) == [Limits("9500ms 1500ms 2500ms")]
        assert await database.fetch(query, Number(0)) == [Limits("9500ms 500ms 2500ms")]


class Limits(msgspec.Struct, frozen=True):
    """The limits on time that a statement has."""

    limits: str


async def test_the_server_ends_a_statement_that_takes_too_long(database_url: str) -> None:
    """It is canceled and rolled back, and its connection stays."""
    async with opened(database_url, statement_timeout=1.0) as (database, _):
        session = await session_of(database)
        with pytest.raises(DatabaseUnavailable) as failure:
            await database.fetch(SLEEP, Number(60))
        assert (failure.value.reason, failure.value.sqlstate) == ("statement_timeout", "57014")
        assert failure.value.rolled_back
        assert await session_of(database) == session


async def test_a_statement_that_is_given_up_is_canceled(database_url: str) -> None:
    """No backend keeps running an abandoned statement: after a timeout, or a cancellation."""
    working = f"SELECT count(*) {OTHERS} AND query LIKE '%pg_sleep%' AND state = 'active'"
    unlimited = statement(
        "SELECT 1 AS number FROM set_config('statement_timeout', '0', false) WHERE $1::int = 0"
    )
    async with opened(database_url, statement_timeout=1.0) as (database, observer):
        async with database.connection() as connection:
            await connection.fetch(unlimited, Number(0))
            with pytest.raises(DatabaseUnavailable) as failure:
                await connection.fetch(SLEEP, Number(60))
        assert failure.value.reason == "no_answer"
        assert not failure.value.rolled_back
        await until(0, observer, working)
    async with opened(database_url) as (database, observer):
        left = asyncio.create_task(database.fetch(SLEEP, Number(60)))
        await until(1, observer, working)
        left.cancel()
        with suppress(asyncio.CancelledError):
            await left
        await until(0, observer, working)


async def test_a_transaction_that_waits_for_its_client_is_ended(database_url: str) -> None:
    """The server rolls back, the caller learns that for certain, and another session follows."""
    async with opened(database_url, idle_in_transaction_timeout=0.1) as (database, observer):
        session = await session_of(database)

        async def stall() -> None:
            async with database.transaction() as connection:
                await insert_nonce(connection, "0" * 60, created_on=NOW, expires_on=NOW)
                gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1"
                await until(0, observer, gone, session)
                await connection.fetch(ECHO, Number(1))

        with pytest.raises(DatabaseUnavailable) as failure:
            await stall()
        assert failure.value.rolled_back
        assert await observer.fetchval("SELECT count(*) FROM account_nonce") == 0
        assert await session_of(database) != session


async def test_connections_have_a_maximum_age(database_url: str) -> None:
    """An old one isn't used again, and old ones that idle are closed as others come back."""
    async with opened(database_url, pool_size=3, connection_max_age=0.2) as (database, observer):
        await asyncio.gather(*(database.fetch(SLEEP, Number(0.02)) for _ in range(3)))
        first = {row["pid"] for row in await observer.fetch(f"SELECT pid {OTHERS}")}
        assert len(first) == 3
        await asyncio.sleep(0.25)
        for _ in range(3):
            assert await session_of(database) not in first
        left = f"SELECT count(*) {OTHERS} AND pid = any($1::int[])"
        await until(0, observer, left, list(first))


async def test_a_table_that_changes(database_url: str) -> None:
    """Plans that don't fit any more cost a transaction, which may be repeated, and nothing else."""
    everything = statement("SELECT *, 1::bigint AS number FROM changing WHERE $1::bigint = 0", Any)
    everything.row = lambda *columns: len(columns)  # type: ignore[assignment]
    async with opened(database_url) as (database, observer):
        await observer.execute("CREATE TABLE changing (one int); INSERT INTO changing VALUES (1)")
        assert await database.fetch(everything, Number(0)) == [2]
        await observer.execute("ALTER TABLE changing ADD two int")
        with pytest.raises(DatabaseUnavailable) as failure:
            async with database.transaction() as connection:
                await connection.fetch(everything, Number(0))
        assert (failure.value.reason, failure.value.rolled_back) == ("schema_changed", True)
        async with database.transaction() as connection:
            assert await connection.fetch(everything, Number(0)) == [3]
        await observer.execute("ALTER TABLE changing ADD three int")
        assert await database.fetch(everything, Number(0)) == [4]


async def test_prepared_statements_that_are_lost(database_url: str) -> None:
    """Behind a pooler that mixes up sessions, preparing stops, and the log says so."""
    async with opened(database_url) as (database, _):
        await database.fetch(ECHO, Number(1))
        async with database.connection() as connection:
            await connection.driver.execute("DEALLOCATE ALL")
        with capture_logs() as logs:
            assert await database.fetch(ECHO, Number(2)) == [Number(2)]
            assert await database.fetch(ECHO, Number(3)) == [Number(3)]
        assert [(log["event"], log["reason"]) for log in logs] == [
            ("database_unavailable", "prepared_statement_lost"),
            ("database_pooler_detected", "prepared_statement_lost"),
        ]
        prepared = statement("SELECT count(*) + $1::int AS number FROM pg_prepared_statements")
        assert (await database.fetch(prepared, Number(0)))[0].number <= 1


async def test_a_server_without_a_free_connection(database_url: str) -> None:
    """A request that can't open a connection waits for another one of the pool."""
    async with opened(database_url) as (_, observer):
        await observer.execute("DROP ROLE IF EXISTS few; CREATE ROLE few LOGIN CONNECTION LIMIT 2")
        database = Database(
            DatabaseSettings(database_url.replace("postgres@", "few@"), pool_size=10)
        )
        async with asyncio.timeout(60):
            answers = await asyncio.gather(*(database.read(SLEEP, Number(0.01)) for _ in range(40)))
        assert answers == [[Number(1)]] * 40
        await database.close()
        await until(0, observer, f"SELECT count(*) {OTHERS} AND usename = 'few'")
        await observer.execute("DROP ROLE few")


async def refuse_encryption(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer an SSLRequest as a server without certificate does."""
    await reader.readexactly(8)
    writer.write(b"N")
    await writer.drain()
    writer.close()


CAUSES = {
    "no_such_database": ("{server}", "no_such_database", "3D000"),
    "unknown_user": ("{stranger}", "authorization_failed", "28000"),
    "nothing_listens": (f"postgresql://me:{SECRET}@127.0.0.1:1/d", "connection_refused", None),
    "no_socket": (f"postgresql://me:{SECRET}@/d?host=/nowhere", "connection_refused", None),
    "no_such_host": (f"postgresql://me:{SECRET}@host.invalid/d", "name_not_resolved", None),
    "no_certificate": (
        f"postgresql://me:{SECRET}@127.0.0.1:1/d?sslmode=verify-full&sslrootcert=/nowhere/root",
        "certificate_file_missing",
        None,
    ),
    "no_encryption": (
        f"postgresql://me:{SECRET}@127.0.0.1:{{port}}/d?sslmode=require",
        "tls_failed",
        None,
    ),
}


@pytest.mark.parametrize(("url", "reason", "sqlstate"), CAUSES.values(), ids=CAUSES)
async def test_the_cause_is_said_once(
    database_url: str, url: str, reason: str, sqlstate: str | None
) -> None:
    """One event for a cause, which tells no host, no user and no password."""
    plain = await asyncio.start_server(refuse_encryption, "127.0.0.1", 0)
    url = url.format(
        server=database_url.replace("/test_", "/no_such_"),
        stranger=database_url.replace("postgres@", f"stranger:{SECRET}@"),
        port=plain.sockets[0].getsockname()[1],
    )
    database = Database(DatabaseSettings(url))
    async with plain:
        with capture_logs() as logs:
            for _ in range(3):
                with pytest.raises(DatabaseUnavailable) as failure:
                    await database.fetch(ECHO, Number(1))
                assert failure.value.reason == reason
                assert failure.value.rolled_back
                assert failure.value.message == "The database can't be reached right now."
        await database.close()
    (event,) = logs
    assert (event["event"], event["log_level"]) == ("database_unavailable", "error")
    assert (event["reason"], event["sqlstate"]) == (reason, sqlstate)
    told = str(event)
    assert not [word for word in (SECRET, "stranger", "127.0.0.1", "nowhere") if word in told]


async def test_an_exhausted_pool_says_so(database_url: str) -> None:
    """A request that gets no connection says so, and that nothing was done."""
    async with opened(database_url, acquire_timeout=0.1) as (database, _):
        async with database.connection():
            with pytest.raises(DatabaseUnavailable) as failure:
                await database.fetch(ECHO, Number(1))
        assert (failure.value.reason, failure.value.rolled_back) == ("pool_exhausted", True)
        assert await database.fetch(ECHO, Number(7)) == [Number(7)]


async def test_only_a_database_that_can_be_written_to_is_ready(database_url: str) -> None:
    """A standby's answer isn't enough; readiness returns without a restart."""
    name = urlsplit(database_url).path.removeprefix("/")
    async with opened(database_url) as (database, observer):
        readiness = Readiness(database, lambda: datetime.now(UTC))
        await readiness.check()
        await observer.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await database.renew()
        with capture_logs() as logs:
            for _ in range(3):
                with pytest.raises(DatabaseUnavailable) as failure:
                    await readiness.check()
                assert failure.value.reason == "read_only"
                with pytest.raises(DatabaseUnavailable) as failure:
                    await insert_nonce(database, "0" * 60, created_on=NOW, expires_on=NOW)
                assert failure.value.reason == "read_only"
        assert [log["event"] for log in logs] == ["database_unavailable"]
        await observer.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await readiness.check()


async def test_clocks_that_differ(database_url: str) -> None:
    """Beyond five seconds, in either direction, the instance isn't ready; it is logged once."""
    skew = timedelta()
    async with opened(database_url) as (database, _):
        readiness = Readiness(database, lambda: datetime.now(UTC) + skew)
        with capture_logs() as logs:
            for minutes in (3, 3, -3):
                skew = timedelta(minutes=minutes)
                with pytest.raises(ClockSkew):
                    await readiness.check()
            skew = timedelta()
            await readiness.check()
    assert [log["event"] for log in logs] == ["clock_skew", "clock_skew_ended"]
    assert round(logs[0]["seconds"]) == 180


async def test_the_first_of_several_hosts_may_be_away(database_url: str) -> None:
    """The next one is taken."""
    several = database_url.replace("host=", "host=/nowhere,")
    async with opened(several) as (database, _):
        assert await database.fetch(ECHO, Number(7)) == [Number(7)]


async def test_a_refused_value_is_not_an_outage(database_url: str) -> None:
    """A statement at fault fails only its caller: no connection is replaced, nothing is logged."""
    async with opened(database_url) as (database, _):
        session = await session_of(database)
        with capture_logs() as logs, pytest.raises(QueryFailed) as failure:
            await database.fetch(statement("SELECT nothing FROM nowhere WHERE $1 = 0"), Number(0))
        assert failure.value.sqlstate == "42P01"
        assert logs == []
        assert await session_of(database) == session
