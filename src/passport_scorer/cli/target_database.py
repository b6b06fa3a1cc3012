"""The database that a command works on: the configured one, or the embedded one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from passport_scorer.cli.errors import complain
from passport_scorer.cli.event_loop import run_coroutine
from passport_scorer.db.connecting import DatabaseSettings
from passport_scorer.db.schema.creation import create_schema
from passport_scorer.db.url import connected
from passport_scorer.settings.model import Settings
from passport_scorer.tools.signals import signals_as_interruptions


@contextmanager
def target_database(settings: Settings) -> Iterator[tuple[DatabaseSettings, bool]]:
    """Yield how to reach the database, and whether it is the embedded one.

    Without a configured URL, the embedded server runs until the context ends.

    Raises:
        EmbeddedServerFailed: the embedded server can't be started.
    """
    if settings.database_url is not None:
        yield settings.database_at(settings.database_url), False
        return
    # Slow to import, and a service with a database of its own doesn't need it.
    from passport_scorer.tools.embedded_postgres import EmbeddedServer

    with signals_as_interruptions(), EmbeddedServer(settings.embedded_folder) as server:
        if server.note:
            complain(server.note)
        yield settings.database_at(server.url), True


@contextmanager
def ready_database(settings: Settings) -> Iterator[str]:
    """Yield the URL of a database that can be reached; the embedded one has its tables.

    Raises:
        EmbeddedServerFailed: the embedded server can't be started.
        DatabaseUnreachable: the configured database can't be reached.
    """
    with target_database(settings) as (database, is_embedded):
        run_coroutine(_prepare(database, is_embedded=is_embedded))
        yield database.url


async def _prepare(database: DatabaseSettings, *, is_embedded: bool) -> None:
    async with connected(database) as connection:
        if is_embedded:
            await create_schema(connection, own=True)
        else:
            await connection.fetchval("SELECT 1")
