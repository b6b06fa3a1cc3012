"""Behavior while the database is unavailable, and at a start that cannot succeed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import closing
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

import pytest

from passport_scorer.tools.demo.world import DEMO_API_KEY

from .conftest import SERVING

if TYPE_CHECKING:
    from passport_scorer.tools.embedded_postgres import EmbeddedServer
    from tests.acceptance.conftest import Service, StartService

Command = Callable[..., "CompletedProcess[str]"]
AWAY = {"detail": "The database can't be reached right now."}


async def away(service: Service) -> None:
    """Check the responses of the service without its database."""
    answer = await service.score("bob")
    assert (answer.status_code, answer.json()) == (503, AWAY)
    assert int(answer.headers["Retry-After"]) > 0
    answer = await service.client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, AWAY)
    assert int(answer.headers["Retry-After"]) > 0
    assert (await service.client.get("/health")).status_code == 200
    assert (await service.client.get("/openapi.json")).status_code == 200


async def test_the_database_goes_and_comes_back(
    own_server: EmbeddedServer, start_service: StartService
) -> None:
    """Without its database the service responds with 503; afterward it recovers on its own.

    All calls are recorded later, those of the outage, too: usage rows wait for the database.
    """
    service = await start_service(own_server.url)
    for _ in range(2):
        assert (await service.score("bob")).status_code == 200
        assert own_server.shut_down()
        await away(service)
        await away(service)
        own_server.start()
        await service.healthy_again()
        answer = await service.score("bob")
        assert (answer.status_code, answer.json()["score"]) == (200, "0.72400")
    await service.tables.usage(DEMO_API_KEY.key, 8)
    assert not service.events("request_failed")


async def test_a_restart_under_load(
    own_server: EmbeddedServer, start_service: StartService
) -> None:
    """While the database restarts, failures are 503 only; answered calls are recorded."""
    service = await start_service(own_server.url, "--workers", "2")
    statuses: list[int] = []
    restarted = asyncio.Event()

    async def ask() -> None:
        while not restarted.is_set() or statuses[-1] != 200:
            statuses.append((await service.score("bob")).status_code)
            await asyncio.sleep(0.01)

    callers = [asyncio.create_task(ask()) for _ in range(4)]
    await asyncio.sleep(0.5)
    assert await asyncio.to_thread(own_server.shut_down)
    await asyncio.to_thread(own_server.start)
    restarted.set()
    await asyncio.gather(*callers)
    assert set(statuses) == {200, 503}
    assert not service.events("request_failed")
    assert not service.events("worker_died")
    # A call whose key was read before the outage is recorded with its 503, too.
    recorded = "SELECT count(*) >= $1 FROM account_accountapikeyanalytics"
    await service.tables.eventually(True, recorded, statuses.count(200))


async def test_connections_that_the_server_closes(
    demo_database_url: str, start_service: StartService
) -> None:
    """Connections that break while idle are replaced, and no caller notices."""
    service = await start_service(demo_database_url)
    for _ in range(10):
        assert (await service.score("bob")).status_code == 200
        await service.tables.rows(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """
        )
        answer = await service.score("bob")
        assert answer.status_code == 200, service.events("request_failed")
    assert not service.events("request_failed")


def one_line(done: CompletedProcess[str]) -> str:
    """Return the single error line of a failed command."""
    assert done.returncode not in (0, None), done
    assert done.returncode > 0, done
    (line,) = done.stderr.splitlines()
    assert "Traceback" not in done.stderr
    assert not done.stdout
    return line


def unused_port() -> int:
    """Return a port on which nothing listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("variable", ["DATABASE_URL", "RDS_PROXY_URL"])
def test_a_start_without_the_database(command: Command, variable: str) -> None:
    """An unreachable database is reported in one line, without the password."""
    url = f"postgresql://someone:very-secret@127.0.0.1:{unused_port()}/somewhere"
    line = one_line(command("serve", "--port", "0", **SERVING, **{variable: url}))
    assert "127.0.0.1" in line
    assert "very-secret" not in line


def test_a_start_with_a_missing_database(command: Command, empty_database: str) -> None:
    """A database that doesn't exist is named in one line."""
    url = empty_database.replace("/test_", "/no_such_database_")
    assert "the database does not exist" in one_line(command("serve", DATABASE_URL=url, **SERVING))


def test_a_port_that_is_taken(command: Command, database_url: str) -> None:
    """A port that something else listens on is named in one line."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = str(listener.getsockname()[1])
        line = one_line(command("serve", "--port", port, DATABASE_URL=database_url, **SERVING))
    assert port in line


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FF_MULTI_NULLIFIER", "maybe"),
        ("TRUSTED_IAM_ISSUERS", "notjson"),
        ("DATABASE_POOL_SIZE", "-1"),
        ("DEMO_API_SCORER_ID", "one"),
        ("HUMAN_POINTS_START_TIMESTAMP", "soon"),
        ("DATABASE_URL", "mysql://user:very-secret@host/database"),
        ("PORT", "http"),
        ("PORT", "65536"),
    ],
)
def test_a_malformed_setting(
    command: Command, database_url: str, variable: str, value: str
) -> None:
    """A malformed variable stops the start with one line that has its name but not its value."""
    settings = {**SERVING, "DATABASE_URL": database_url, variable: value}
    line = one_line(command("serve", **settings))
    assert variable in line
    assert "very-secret" not in line


@pytest.mark.parametrize("workers", ["0", "-1"])
def test_an_impossible_number_of_workers(command: Command, database_url: str, workers: str) -> None:
    """With zero workers, the service does not start."""
    settings = {**SERVING, "DATABASE_URL": database_url}
    done = command("serve", "--port", "0", "--workers", workers, **settings)
    assert done.returncode > 0
    assert "workers" in done.stderr
    assert "Traceback" not in done.stderr
