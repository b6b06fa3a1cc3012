"""A server that becomes read-only while connected, and a password rotation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncpg
import pytest

from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.db.queries.health import ping
from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE
from tests.support.captured_logs import capture_logs

if TYPE_CHECKING:
    from passport_scorer.tools.embedded_postgres import EmbeddedServer
    from tests.acceptance.conftest import Service, StartService

LATER_SECONDS = 15


async def configure(server: EmbeddedServer, statement: str) -> None:
    """Change the configuration of a server, which also affects open sessions."""
    connection = await asyncpg.connect(server.url)
    try:
        await connection.execute(statement)
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


async def event(service: Service, name: str) -> dict[str, object]:
    """Send requests until an event with this name is logged, and return the first."""
    async with asyncio.timeout(LATER_SECONDS):
        while not (found := service.events(name)):
            await service.score("bob")
            await asyncio.sleep(0.05)
    return found[0]


@pytest.mark.parametrize("prepared", ["on", "off"])
async def test_a_primary_that_turns_read_only(
    own_server: EmbeddedServer, start_service: StartService, prepared: str
) -> None:
    """After a failover with surviving connections: 503 and not ready, then recovery.

    There is no restart, no 500 and no lost usage, and the log names the cause once.
    """
    service = await start_service(own_server.url, DATABASE_PREPARED_STATEMENTS=prepared)
    statuses: list[int] = []
    over = asyncio.Event()
    asked = asyncio.Condition()

    async def ask(name: str) -> None:
        while not over.is_set():
            statuses.append((await service.score(name)).status_code)
            async with asked:
                asked.notify_all()
            await asyncio.sleep(0.02)

    async def until(is_so: Callable[[], bool]) -> None:
        async with asked:
            await asked.wait_for(is_so)

    callers = [asyncio.create_task(ask(person.name)) for person in PEOPLE[:4]]
    for _ in range(2):
        await until(lambda: 200 in statuses[-1:])
        await configure(own_server, "ALTER SYSTEM SET default_transaction_read_only = on")
        before = len(statuses)
        await until(lambda before=before: len(statuses) > before + 60)  # type: ignore[misc]
        assert await service.health() == 503
        assert set(statuses[before + 10 :]) == {503}
        await configure(own_server, "ALTER SYSTEM RESET default_transaction_read_only")
        await service.healthy_again()
    await until(lambda: 200 in statuses[-1:])
    over.set()
    await asyncio.gather(*callers)
    assert set(statuses) == {200, 503}
    assert not service.events("request_failed")
    assert not service.events("usage_rejected")
    assert not service.events("usage_dropped")
    await service.tables.usage(DEMO_API_KEY.key, len(statuses))
    reasons = [each["reason"] for each in service.events("database_unavailable")]
    assert set(reasons) == {"read_only"}
    assert len(reasons) <= 2
    assert (await event(service, "database_available"))["reasons"] == ["read_only"]


async def test_a_password_that_changes(own_server: EmbeddedServer) -> None:
    """Open connections still work; a rejected new one is logged once, without the password."""
    rules = own_server.folder / "data" / "pg_hba.conf"
    rules.write_text("local all postgres trust\nlocal all all scram-sha-256\n")
    await configure(own_server, "CREATE ROLE scorer LOGIN PASSWORD 'the-old-secret'")
    url = own_server.url.replace("postgres@", "scorer:the-old-secret@")
    database = Database(DatabaseSettings(url))
    await ping(database)
    await configure(own_server, "ALTER ROLE scorer PASSWORD 'the-new-secret'")
    await ping(database)
    await database.renew()
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable) as failure:
                await ping(database)
            assert failure.value.reason == "authorization_failed"
    (logged,) = logs
    assert (logged["event"], logged["sqlstate"]) == ("database_unavailable", "28P01")
    assert not [word for word in ("secret", "scorer", "postgresql:") if word in str(logged)]
    await configure(own_server, "ALTER ROLE scorer PASSWORD 'the-old-secret'")
    await ping(database)
    await database.close()


async def test_all_sessions_end_under_load(
    demo_database_url: str, start_service: StartService
) -> None:
    """Callers get only scores and 503, and answered calls are recorded once."""
    service = await start_service(demo_database_url)
    statuses: list[int] = []

    async def ask(name: str) -> None:
        for _ in range(40):
            answer = await service.score(name)
            statuses.append(answer.status_code)

    callers = [asyncio.create_task(ask(person.name)) for person in PEOPLE[:6]]
    while not all(caller.done() for caller in callers):
        with suppress(asyncpg.PostgresError):
            await service.tables.rows(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                """
            )
        await asyncio.sleep(0.1)
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) > len(statuses) / 2
    assert not service.events("request_failed")
    recorded = "SELECT count(*) >= $1 AND count(*) <= $2 FROM account_accountapikeyanalytics"
    await service.tables.eventually(True, recorded, statuses.count(200), len(statuses))
