"""The database that a command works on: the one that is configured, or the embedded one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from passport_scorer.db.embedded import EmbeddedServer
from passport_scorer.db.location import connected
from passport_scorer.db.schema.creation import create_schema
from passport_scorer.settings import Settings


@contextmanager
def database_at_hand(settings: Settings) -> Iterator[str]:
    """Give the address of the database, which answers; the embedded one has its tables then.

    Raises:
        EmbeddedServerError: the embedded server can't be started.
        DatabaseUnreachableError: the configured one doesn't answer.
    """
    if settings.database_url:
        asyncio.run(_answers(settings.database_url))
        yield settings.database_url
        return
    with EmbeddedServer(Path(settings.home) / "postgresql") as server:
        if server.note:
            print(server.note, file=sys.stderr)
        asyncio.run(_make_tables(server.url))
        yield server.url


async def _answers(url: str) -> None:
    async with connected(url) as connection:
        await connection.fetchval("SELECT 1")


async def _make_tables(url: str) -> None:
    async with connected(url) as connection:
        await create_schema(connection, own=True)
