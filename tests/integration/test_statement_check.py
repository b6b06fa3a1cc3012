"""The check of the queries finds each kind of mismatch."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from passport_scorer.db.checks.statements import check_query
from passport_scorer.db.statement import NoParameters, Query


class Wrong(msgspec.Struct, frozen=True):
    """A row that differs from that of `ping`."""

    reply: str
    now: datetime


class OneParameter(msgspec.Struct, frozen=True):
    """Parameters that differ from those of `ping`."""

    count: int


async def test_wrong_types_names_and_parameters_are_named(database_url: str) -> None:
    """A query that doesn't fit gets a sentence for each thing that is wrong."""
    connection = await asyncpg.connect(database_url)
    try:
        query = Query("ping", OneParameter, Wrong, register=False)
        assert await check_query(connection, query) == [
            "ping: OneParameter has 1 fields, the statement 0 parameters",
            "ping: column is_writable is bool; Wrong.reply is <class 'str'>",
            "ping: column is_writable is in the place of Wrong.reply",
        ]
    finally:
        await connection.close()


async def test_a_statement_that_postgresql_refuses_is_named(empty_database: str) -> None:
    """Without the tables, a query is refused, in PostgreSQL's words."""
    connection = await asyncpg.connect(empty_database)
    try:
        query = Query("foreign_accounts", NoParameters, Wrong, register=False)
        (problem,) = await check_query(connection, query)
        assert problem.startswith("foreign_accounts: PostgreSQL rejects it: relation ")
    finally:
        await connection.close()
