"""Each row of usage analytics is written once, no matter what happens to the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import pytest

from passport_scorer.auth.usage_log import BatchedUsageAnalytics
from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.domain.usage import Usage
from passport_scorer.tools.demo.world import DEMO_API_KEY
from tests.support.captured_logs import capture_logs
from tests.support.stream_server import unix_server

_SOCKET = ".s.PGSQL.5432"
_TABLE = b"INSERT INTO account_accountapikeyanalytics"
_WITHOUT_SEQUENCE = """
    DROP ROLE IF EXISTS limited;
    CREATE ROLE limited LOGIN;
    GRANT SELECT, INSERT ON account_accountapikeyanalytics TO limited;
"""


async def value(url: str, sql: str, *arguments: object) -> Any:
    """Return the single value of a statement."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql, *arguments)
    finally:
        await connection.close()


class MakeCall(Protocol):
    """Creates a call of the demo key."""

    def __call__(self, number: int, *, headers: str = "{}") -> Usage: ...


@pytest.fixture
async def call(demo_database_url: str) -> MakeCall:
    """Creates calls that can be recorded."""
    prefix = DEMO_API_KEY.key.partition(".")[0]
    of_key = "SELECT id FROM account_accountapikey WHERE prefix = $1"
    key_id = await value(demo_database_url, of_key, prefix)
    return lambda number, headers="{}": call_of(key_id, number, headers)


def call_of(key_id: str, number: int, headers: str) -> Usage:
    """A call of a key."""
    return Usage(
        api_key_id=key_id,
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        path=f"/{number}",
        base_path="v2",
        path_segments_json="[]",
        query_params_json="{}",
        headers_json=headers,
        payload_json=None,
        response_json=None,
        response_skipped=False,
        error=None,
        status_code=200,
    )


class ForgetfulProxy:
    """Forwards everything, but closes connections before some commits are acknowledged.

    Attributes:
        losses: the number of usage commits still to suppress.
    """

    def __init__(self, upstream: Path) -> None:
        self._upstream = upstream
        self.losses = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect one client."""
        server_reader, server_writer = await asyncio.open_unix_connection(str(self._upstream))
        writes = asyncio.Event()
        forth = asyncio.create_task(self._forth(reader, server_writer, writes))
        kept_back = b""
        try:
            while True:
                kind = await server_reader.readexactly(1)
                length = await server_reader.readexactly(4)
                body = await server_reader.readexactly(int.from_bytes(length) - 4)
                if kind == b"C" and body.startswith(b"INSERT") and writes.is_set() and self.losses:
                    self.losses -= 1
                    kept_back = kind
                if kept_back and kind == b"Z":  # the row is committed
                    break
                if not kept_back:
                    writer.write(kind + length + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            forth.cancel()
            server_writer.close()

    async def _forth(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, writes: asyncio.Event
    ) -> None:
        while octets := await reader.read(65536):
            if _TABLE in octets:
                writes.set()
            writer.write(octets)


@asynccontextmanager
async def forgetful(url: str, folder: Path) -> AsyncIterator[tuple[Database, ForgetfulProxy]]:
    """A pool whose connections go through a proxy."""
    parts = urlsplit(url)
    proxy = ForgetfulProxy(Path(parse_qs(parts.query)["host"][0]) / _SOCKET)
    query = f"host={quote(str(folder))}&sslmode=disable"
    database = Database(DatabaseSettings(parts._replace(query=query).geturl()))
    async with unix_server(proxy.serve, folder / _SOCKET):
        yield database, proxy
        await database.close()


async def paths(url: str) -> list[str]:
    """Return the recorded rows."""
    recorded = "SELECT array_agg(path ORDER BY id) FROM account_accountapikeyanalytics"
    return [*await value(url, recorded)]


async def test_a_commit_that_is_not_heard_of(
    demo_database_url: str, tmp_path: Path, call: MakeCall
) -> None:
    """The rows are sent again, and exist once."""
    async with forgetful(demo_database_url, tmp_path) as (database, proxy):
        analytics = BatchedUsageAnalytics(database)
        proxy.losses = 2
        for number in range(50):
            analytics.record(call(number))
        await analytics.flush()
        assert len(analytics) == 50
        analytics.record(call(50))
        await analytics.flush()
        await analytics.flush()
        assert (len(analytics), proxy.losses) == (0, 0)
    assert await paths(demo_database_url) == [f"/{number}" for number in range(51)]


async def test_a_bad_row_is_lost_alone(demo_database_url: str, call: MakeCall) -> None:
    """The other rows of its batch are written, with few statements."""
    database = Database(DatabaseSettings(demo_database_url))
    analytics = BatchedUsageAnalytics(database)
    for number in range(300):
        analytics.record(call(number, headers='{"a": "\\u0000"}' if number == 123 else "{}"))
    with capture_logs() as logs:
        await analytics.flush()
    assert logs == [{"event": "usage_rejected", "log_level": "error", "reason": "value_refused"}]
    assert len(await paths(demo_database_url)) == 299
    assert len(analytics) == 0
    await database.close()


async def test_a_role_without_the_sequence(demo_database_url: str, call: MakeCall) -> None:
    """Rows are still written; the log says once that they can be written twice."""
    connection = await asyncpg.connect(demo_database_url)
    await connection.execute(_WITHOUT_SEQUENCE)
    database = Database(DatabaseSettings(demo_database_url.replace("postgres@", "limited@")))
    analytics = BatchedUsageAnalytics(database)
    with capture_logs() as logs:
        for number in range(2):
            analytics.record(call(number))
            await analytics.flush()
    (said,) = logs
    assert (said["event"], said["sqlstate"]) == ("usage_ids_not_allocated", "42501")
    assert await paths(demo_database_url) == ["/0", "/1"]
    await database.close()
    await connection.execute("DROP OWNED BY limited; DROP ROLE limited")
    await connection.close()


async def test_ids_that_are_taken(demo_database_url: str, call: MakeCall) -> None:
    """With a sequence that lags, as in a restored copy, rows get other ids; no row is lost."""
    database = Database(DatabaseSettings(demo_database_url))
    analytics = BatchedUsageAnalytics(database)
    for number in range(3):
        analytics.record(call(number))
    await analytics.flush()
    sequence = "pg_get_serial_sequence('account_accountapikeyanalytics', 'id')"
    first = "(SELECT min(id) FROM account_accountapikeyanalytics)"
    await value(demo_database_url, f"SELECT setval({sequence}, {first}, false)")
    analytics.record(call(3))
    while len(analytics):
        await analytics.flush()
    assert sorted(await paths(demo_database_url)) == ["/0", "/1", "/2", "/3"]
    await database.close()
