"""The driver knows array types in advance, as the server would describe them."""

from __future__ import annotations

import asyncpg
import pytest

from passport_scorer.db.array_types import ARRAY_TYPES, descriptions
from passport_scorer.db.checks.statements import all_queries
from passport_scorer.db.connecting import Connector, DatabaseSettings


async def test_the_server_describes_them_in_the_same_way(database_url: str) -> None:
    """Each number, name and element."""
    connection = await asyncpg.connect(database_url)
    numbers = [number for number, _ in ARRAY_TYPES]
    found, _ = await connection._introspect_types(numbers, 10)
    described = [dict(row) for row in found if row["oid"] in numbers]
    assert sorted(described, key=lambda row: row["oid"]) == descriptions()
    await connection.close()


@pytest.mark.parametrize("is_pooled", [False, True])
async def test_no_statement_asks_about_types(database_url: str, is_pooled: bool) -> None:
    """A new connection prepares every statement without a question to the server."""
    settings = DatabaseSettings(database_url, prepared_statements=not is_pooled)
    connection = await Connector(settings).connect(10)
    asked: list[str] = []
    connection.add_query_logger(lambda record: asked.append(record.query))
    for query in all_queries():
        await connection.prepare(query.sql)
    assert asked == []
    await connection.close()
