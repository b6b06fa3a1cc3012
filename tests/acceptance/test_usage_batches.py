"""Usage analytics is written in bounded batches, which are small as long as few calls come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from passport_scorer.auth.usage_log import (
    BATCH_BYTES,
    BATCH_ROWS,
    ENOUGH_ROWS,
    BatchedUsageAnalytics,
)
from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.domain.usage import Usage
from passport_scorer.tools.demo.world import DEMO_API_KEY
from tests.support.usage import CALL

_KEY = "SELECT id FROM account_accountapikey WHERE prefix = $1"
# A transaction writes one batch.
_BATCHES = """
    SELECT count(*), sum(length(response #>> '{}')) AS characters
    FROM account_accountapikeyanalytics
    GROUP BY xmin
    ORDER BY min(id)
"""


@pytest.fixture
async def connection(demo_database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the database with the rows."""
    connection = await asyncpg.connect(demo_database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def database(demo_database_url: str) -> AsyncIterator[Database]:
    """The pool of the process that writes."""
    database = Database(DatabaseSettings(demo_database_url))
    yield database
    await database.close()


@pytest.fixture
async def call(connection: asyncpg.Connection) -> Usage:
    """A call of the demo key."""
    key_id = await connection.fetchval(_KEY, DEMO_API_KEY.key.partition(".")[0])
    return msgspec.structs.replace(CALL, api_key_id=key_id)


async def batches(connection: asyncpg.Connection) -> list[int]:
    """Return the number of rows of each batch in the table."""
    return [count for count, _ in await connection.fetch(_BATCHES)]


async def until_there_are(count: int, connection: asyncpg.Connection) -> None:
    """Wait up to ten seconds until this number of batches is in the table."""
    for _ in range(1000):
        if len(await batches(connection)) >= count:
            break
        await asyncio.sleep(0.01)


async def test_batches_are_bounded_in_rows(
    database: Database, connection: asyncpg.Connection, call: Usage
) -> None:
    """A long backlog becomes several batches."""
    analytics = BatchedUsageAnalytics(database)
    for _ in range(2 * BATCH_ROWS + 5):
        analytics.record(call)
    await analytics.flush()
    assert await batches(connection) == [BATCH_ROWS, BATCH_ROWS, 5]


async def test_batches_are_bounded_in_bytes(
    database: Database, connection: asyncpg.Connection, call: Usage
) -> None:
    """Long responses make batches of fewer rows."""
    long = msgspec.structs.replace(call, response_json='"' + 60_000 * "x" + '"')
    analytics = BatchedUsageAnalytics(database)
    for _ in range(150):
        analytics.record(long)
    await analytics.flush()
    written = await connection.fetch(_BATCHES)
    assert sum(count for count, _ in written) == 150
    assert max(characters for _, characters in written) <= BATCH_BYTES
    assert len(written) == 3


async def test_a_steady_load_is_written_in_small_batches(
    database: Database, connection: asyncpg.Connection, call: Usage
) -> None:
    """As soon as there are enough rows they are written, and those that came meanwhile later."""
    analytics = BatchedUsageAnalytics(database, interval=3600)
    running = asyncio.create_task(analytics.run())
    for written in range(1, 4):
        for _ in range(ENOUGH_ROWS):
            analytics.record(call)
        await until_there_are(written, connection)
    analytics.record(call)
    analytics.stop()
    await running
    assert await batches(connection) == [ENOUGH_ROWS, ENOUGH_ROWS, ENOUGH_ROWS, 1]


async def test_every_column_arrives(
    database: Database, connection: asyncpg.Connection, call: Usage
) -> None:
    """Texts that JSON has to escape, and values that are absent."""
    text = 'a "quote", a \\ and a line\nbreak, é 🦄'
    failed = msgspec.structs.replace(
        call,
        path=f"/{text}",
        path_segments_json='["v2", "\\u00e9 \\"1\\""]',
        query_params_json='{"a": ["1", ""]}',
        headers_json='{"X": "y"}',
        error=text,
        status_code=404,
    )
    answered = msgspec.structs.replace(call, response_json='"{\\"score\\": 1.50}"')
    analytics = BatchedUsageAnalytics(database)
    analytics.record(failed)
    analytics.record(answered)
    await analytics.flush()
    first, second = await connection.fetch("TABLE account_accountapikeyanalytics ORDER BY id")
    assert (first["created_at"], first["api_key_id"]) == (call.created_at, call.api_key_id)
    assert (first["path"], first["error"], first["status_code"]) == (f"/{text}", text, 404)
    assert (first["base_path"], first["response_skipped"]) == ("v2", False)
    assert first["path_segments"] == '["v2", "é \\"1\\""]'
    assert (first["query_params"], first["headers"]) == ('{"a": ["1", ""]}', '{"X": "y"}')
    assert (first["payload"], first["response"]) == (None, None)
    assert (second["response"], second["error"]) == ('"{\\"score\\": 1.50}"', None)
