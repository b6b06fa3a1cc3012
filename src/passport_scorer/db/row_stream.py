"""Streams whole tables of a live database: one snapshot, read-only, a few rows at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from passport_scorer.db.queries.row_comparison import ComparedTable
from passport_scorer.db.url import (
    DatabaseUnreachable,
    connected,
    reason,
    without_password,
)

_PREFETCH = 500


class DatabaseSnapshot:
    """A snapshot of a database; see `snapshot`."""

    def __init__(self, connection: Any, shown: str) -> None:
        self._connection = connection
        self._shown = shown

    async def rows(self, table: ComparedTable) -> AsyncIterator[tuple[Any, ...]]:
        """Yield the rows of a table, in the order of its key; columns as its query's row type.

        Raises:
            DatabaseUnreachable: the server fails, or a table or column is missing.
        """
        try:
            async for record in self._connection.cursor(table.query.sql, prefetch=_PREFETCH):
                yield tuple(record)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # Raised here, where it is known which of the two databases failed.
            raise DatabaseUnreachable(f"Can't use {self._shown}: {reason(error)}") from error


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[DatabaseSnapshot]:
    """Open a read-only transaction with a consistent snapshot.

    Args:
        url: address of the database.

    Raises:
        InvalidDatabaseLocation: the address can't be used.
        DatabaseUnreachable: the server refuses.
    """
    async with (
        connected(url) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        # Whole tables are read here; the service's sessions are made for single rows.
        await connection.execute("SET LOCAL enable_seqscan = on")
        yield DatabaseSnapshot(connection, without_password(url)[0])
