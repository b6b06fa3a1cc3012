"""A frozen database, and a pool without free connections: no request waits forever."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE

if TYPE_CHECKING:
    from passport_scorer.tools.embedded_postgres import EmbeddedServer
    from tests.acceptance.conftest import Service, StartService, Tables

AWAY = {"detail": "The database can't be reached right now."}


def server_processes(server: EmbeddedServer) -> list[int]:
    """Return the server's processes: the postmaster, and one per connection and task."""
    first = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [map(int, line.split()) for line in listed.stdout.splitlines()]
    return [first, *(number for number, parent in pairs if parent == first)]


@contextmanager
def frozen(server: EmbeddedServer) -> Iterator[None]:
    """Freeze all processes of the server until the end of the block; connections stay open."""
    processes = server_processes(server)
    try:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def is_away(answer: httpx.Response) -> bool:
    """Return whether this is the response of a service without a database."""
    return (
        answer.status_code == 503
        and answer.json() == AWAY
        and int(answer.headers["Retry-After"]) > 0
    )


async def all_scores(service: Service, times: int = 1) -> list[httpx.Response]:
    """Request the scores of all users concurrently, this number of times."""
    names = [person.name for person in PEOPLE]
    return await asyncio.gather(*(service.score(name) for name in names * times))


@pytest.mark.slow
async def test_a_frozen_database(own_server: EmbeddedServer, start_service: StartService) -> None:
    """Every request eventually gets 503, and the service recovers with the database.

    A client waits 20 seconds: statements time out after 10, the pool after 3.
    """
    service = await start_service(own_server.url)
    before = [answer.json()["score"] for answer in await all_scores(service)]
    with frozen(own_server):
        # Many concurrent requests for few addresses: no request waits for the sum of all waits.
        assert all(map(is_away, await all_scores(service, times=20)))
        assert is_away(await service.score("bob"))
        assert is_away(await service.client.get("/health/ready"))
        assert is_away(await service.client.get("/account/nonce"))
        assert (await service.client.get("/health")).status_code == 200
    await service.healthy_again()
    answers = await all_scores(service, times=3)
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert [answer.json()["score"] for answer in answers] == before * 3
    assert not service.events("request_failed")


async def test_a_short_freeze(own_server: EmbeddedServer, start_service: StartService) -> None:
    """Requests with a connection survive a short freeze; all responses are 200 or 503.

    Each answered call is recorded once.
    """
    service = await start_service(own_server.url)
    await all_scores(service)
    with frozen(own_server):
        waiting = asyncio.create_task(all_scores(service, times=5))
        await asyncio.sleep(1)
    answers = await waiting
    assert {answer.status_code for answer in answers} <= {200, 503}
    answered = sum(answer.status_code == 200 for answer in answers)
    assert answered > 0
    await service.tables.usage(DEMO_API_KEY.key, len(PEOPLE) + answered)


@asynccontextmanager
async def locked(tables: Tables, table: str) -> AsyncIterator[None]:
    """Lock a table until the end of the block."""
    async with tables.connection() as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


async def test_a_locked_table(demo_database_url: str, start_service: StartService) -> None:
    """Callers that need the table soon get 503, and leave the connections to others."""
    service = await start_service(demo_database_url, DATABASE_POOL_SIZE="2")
    async with locked(service.tables, "registry_score"):
        waiting = asyncio.create_task(all_scores(service, times=5))
        for _ in range(5):
            assert (await service.client.get("/account/nonce")).status_code == 200
            assert await service.health() == 200
        for answer in await waiting:
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
    assert {answer.status_code for answer in await all_scores(service)} == {200}
    assert not service.events("request_failed")
