"""The database that a command works on: the one that is configured, or the embedded one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from passport_scorer.db.connecting import DatabaseSettings
from passport_scorer.db.schema.creation import create_schema
from passport_scorer.db.url import connected
from passport_scorer.settings.model import Settings
from passport_scorer.tools.embedded_postgres import EmbeddedServer, ending_in_order


@contextmanager
def chosen_database(url: str | None, folder: Path) -> Iterator[tuple[str, bool]]:
    """Give the address of a database, and whether it is our own.

    Args:
        url: the one that is configured; None: the embedded one, which runs meanwhile.
        folder: where the embedded one has its files.

    Raises:
        EmbeddedServerFailed: the embedded server can't be started.
    """
    if url:
        yield url, False
        return
    with ending_in_order(), EmbeddedServer(folder) as server:
        if server.note:
            print(f"passport-scorer: {server.note}", file=sys.stderr)
        yield server.url, True


@contextmanager
def database_at_hand(settings: Settings) -> Iterator[str]:
    """Give the address of the database, which answers; our own one has its tables then.

    Raises:
        EmbeddedServerFailed: the embedded server can't be started.
        DatabaseUnreachable: the configured one doesn't answer.
    """
    folder = Path(settings.home) / "postgresql"
    with chosen_database(settings.database_url, folder) as (url, own):
        asyncio.run(_make_ready(settings.database_at(url), own=own))
        yield url


async def _make_ready(database: DatabaseSettings, *, own: bool) -> None:
    async with connected(database) as connection:
        if own:
            await create_schema(connection, own=True)
        else:
            await connection.fetchval("SELECT 1")
