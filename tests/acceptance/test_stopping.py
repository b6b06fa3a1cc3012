"""Shutdown: load balancers can notice, and requests in flight are answered."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from passport_scorer.server.shutdown import GRACE
from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE

from .conftest import ANSWER_SECONDS, LATER_SECONDS, address_of
from .test_two_processes import workers_of

if TYPE_CHECKING:
    import socket

    from .conftest import Service, StartService

CALLERS = 6
DELAY = 2
SOON = 30  # seconds in which a process exits that waits for nothing, even on a busy machine
STOPPING = {"detail": "The service is about to stop."}
# A statement that runs until the test ends it, because lock waits are short.
SLOW = """
    CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        WHILE NOT pg_try_advisory_xact_lock_shared(1) LOOP
            PERFORM pg_sleep(0.02);
        END LOOP;
        RETURN NULL;
    END $$;
    CREATE TRIGGER wait_for_test BEFORE INSERT OR UPDATE ON registry_score
        FOR EACH STATEMENT EXECUTE FUNCTION wait_for_test();
    SELECT pg_advisory_lock(1);
"""
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'PgSleep'
"""
each_number_of_workers = pytest.mark.parametrize("workers", ["1", "2"])


@dataclass
class Load:
    """The responses so far."""

    scores: int = 0
    others: int = 0
    failures: list[str] = field(default_factory=list)
    new_connections_refused: int = 0


async def call(service: Service, load: Load, number: int) -> None:
    """Send requests over one connection at a time, as long as connections are accepted."""
    paths = itertools.cycle(
        [f"/v2/stamps/1/score/{address_of(PEOPLE[number % len(PEOPLE)].name)}", "/health"]
    )
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(
        base_url=service.base_url, limits=limits, trust_env=False, timeout=ANSWER_SECONDS
    ) as client:
        for path in paths:
            try:
                answer = await client.get(path, headers={"X-API-Key": DEMO_API_KEY.key})
            except httpx.ConnectError:
                load.new_connections_refused += 1
                return
            except httpx.TransportError as error:
                load.failures.append(repr(error))
                return
            if answer.status_code != 200:
                load.failures.append(f"{path}: {answer.status_code}")
            load.scores += "score" in path
            load.others += "score" not in path
            await asyncio.sleep(0.005)


async def readiness(service: Service) -> list[int]:
    """Return the statuses of `/health/ready` on new connections, until none is accepted."""
    seen = []
    with suppress(httpx.ConnectError):
        while True:
            async with httpx.AsyncClient(base_url=service.base_url, trust_env=False) as client:
                answer = await client.get("/health/ready")
            seen.append(answer.status_code)
            if answer.status_code == 503:
                assert answer.json() == STOPPING
            await asyncio.sleep(0.02)
    return seen


async def ended(service: Service, seconds: float) -> int:
    """Return the exit status of a service that exits within this time."""
    return await asyncio.to_thread(service.process.wait, seconds)


@each_number_of_workers
async def test_a_stop_under_load_fails_no_request(
    demo_database_url: str, start_service: StartService, workers: str
) -> None:
    """Readiness ends first; during the delay everything works; no accepted request fails."""
    service = await start_service(
        demo_database_url, "--workers", workers, SHUTDOWN_DELAY_SECONDS=str(DELAY)
    )
    load = Load()
    callers = [asyncio.create_task(call(service, load, number)) for number in range(CALLERS)]
    watching = asyncio.create_task(readiness(service))
    deadline = time.monotonic() + LATER_SECONDS
    while not load.scores:
        assert time.monotonic() < deadline, service.lines()
        await asyncio.sleep(0.01)
    before = load.scores
    told = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    seen = await watching
    took = time.monotonic() - told
    await asyncio.gather(*callers)
    assert await ended(service, SOON) == 0
    assert load.failures == []
    assert load.new_connections_refused == CALLERS
    assert 0 < before < load.scores
    assert seen == sorted(seen), "ready again after it was told to stop"
    assert seen.count(200) > 0
    assert seen.count(503) > 0
    assert took >= DELAY
    await service.tables.usage(DEMO_API_KEY.key, load.scores)


@each_number_of_workers
async def test_a_stop_without_a_delay_fails_no_request(
    demo_database_url: str, start_service: StartService, workers: str
) -> None:
    """With a delay of 0 the listeners close immediately, and accepted requests are answered."""
    service = await start_service(demo_database_url, "--workers", workers)
    load = Load()
    callers = [asyncio.create_task(call(service, load, number)) for number in range(CALLERS)]
    await asyncio.sleep(1)
    service.process.send_signal(signal.SIGTERM)
    await asyncio.gather(*callers)
    assert await ended(service, SOON) == 0
    assert load.failures == []
    await service.tables.usage(DEMO_API_KEY.key, load.scores)


@asynccontextmanager
async def waiting_request(service: Service) -> AsyncIterator[asyncio.Task[httpx.Response]]:
    """A request in flight that cannot be answered before the end of the block."""
    async with service.tables.connection() as connection:
        await connection.execute(SLOW)
        asked = asyncio.create_task(service.score("bob"))
        async with asyncio.timeout(LATER_SECONDS):
            while not await service.tables.value(WAITING):
                pass
        yield asked
        await connection.execute("SELECT pg_advisory_unlock(1)")


async def has_heard(service: Service, processes: int) -> None:
    """Wait until each serving process has logged that it stops."""
    deadline = time.monotonic() + LATER_SECONDS
    while len(service.events("stopping")) < processes:
        assert time.monotonic() < deadline, service.lines()
        await asyncio.sleep(0.02)


@each_number_of_workers
async def test_a_second_signal_ends_at_once(
    demo_database_url: str, start_service: StartService, workers: str
) -> None:
    """A second signal skips the delay and the requests in flight."""
    service = await start_service(
        demo_database_url, "--workers", workers, SHUTDOWN_DELAY_SECONDS="60"
    )
    async with waiting_request(service) as asked:
        service.process.send_signal(signal.SIGTERM)
        await has_heard(service, int(workers))
        assert service.accepts()
        service.process.send_signal(signal.SIGTERM)
        assert await ended(service, SOON) == 0
        with suppress(httpx.TransportError):
            assert (await asked).status_code >= 500


@each_number_of_workers
async def test_requests_are_waited_for(
    demo_database_url: str, start_service: StartService, workers: str
) -> None:
    """Ctrl-C closes the listeners without a delay, and requests in flight are answered.

    A terminal signals the workers as well as their parent: for each of them it is
    the first one.
    """
    service = await start_service(
        demo_database_url, "--workers", workers, SHUTDOWN_DELAY_SECONDS="60"
    )
    async with waiting_request(service) as asked:
        for process in (*workers_of(service), service.process.pid):
            os.kill(process, signal.SIGINT)
        await has_heard(service, int(workers))
        deadline = time.monotonic() + LATER_SECONDS
        while service.accepts():
            assert time.monotonic() < deadline
        await asyncio.sleep(1)
        assert service.process.poll() is None
    answer = await asked
    assert answer.status_code == 200
    assert answer.headers["Connection"] == "close"
    assert await ended(service, SOON) == 0


REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def answers(connection: socket.socket, count: int) -> Sequence[bytes]:
    """Read this number of responses; each ends with one line of JSON."""
    received = b""
    while received.count(b'{"status":"ok"}') < count:
        data = connection.recv(65536)
        assert data, received
        received += data
    return received.split(b'{"status":"ok"}')[:count]


async def test_idle_connections(demo_database_url: str, start_service: StartService) -> None:
    """Idle connections stay open during the delay; a request is answered, and closes its own.

    Pipelined requests are all answered: only the last one closes the connection.
    """
    service = await start_service(demo_database_url, SHUTDOWN_DELAY_SECONDS=str(DELAY))
    with closing(service.socket()) as asked, closing(service.socket()) as silent:
        for connection in (asked, silent):
            connection.sendall(REQUEST)
            assert b"connection: close" not in answers(connection, 1)[0]
        service.process.send_signal(signal.SIGTERM)
        await has_heard(service, 1)
        asked.sendall(REQUEST * 3)
        *first, last = answers(asked, 3)
        assert not [answer for answer in first if b"connection: close" in answer]
        assert b"connection: close" in last
        assert asked.recv(1) == b""
        assert await asyncio.to_thread(silent.recv, 1) == b""
        assert await ended(service, SOON) == 0


async def test_a_request_that_is_half_sent(
    demo_database_url: str, start_service: StartService
) -> None:
    """A partial request is answered when the rest arrives, even after the listeners closed."""
    service = await start_service(demo_database_url)
    with closing(service.socket()) as connection:
        connection.sendall(REQUEST[:20])
        await service.health()
        service.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + LATER_SECONDS
        while service.accepts():
            assert time.monotonic() < deadline
        await asyncio.sleep(1)
        assert service.process.poll() is None
        connection.sendall(REQUEST[20:])
        (answer,) = answers(connection, 1)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in answer
    assert await ended(service, min(SOON, GRACE)) == 0
