"""Hundreds of hostile connections: callers notice nothing, memory is bounded, shutdown works.

tests/unit/server tests the deadlines; here responses are counted.
"""

from __future__ import annotations

import asyncio
import re
import resource
import signal
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from passport_scorer.tools.demo.world import PEOPLE

from .conftest import ANSWER_SECONDS, STOP_SECONDS

if TYPE_CHECKING:
    from .conftest import Service, StartService

SECRET = "s" * 64
MEGABYTE = 1024 * 1024
EACH = 60  # connections per kind
BOUND = 300 * MEGABYTE
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
BULK = "/ceramic-cache/stamps/bulk"
SIGN_IN = "/ceramic-cache/authenticate/v2"
TINY_HEADERS = HEALTH[:-2] + b"a:\r\n" * MEGABYTE


def token() -> str:
    """An access token of ada."""
    did = f"did:pkh:eip155:1:{PEOPLE[0].address}"
    claims = {"did": did, "token_type": "access", "exp": 4102444800}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))


def post(path: str, length: int, authorization: str = "") -> bytes:
    """Return the head of a request with a body."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
        f"Authorization: {authorization}\r\n\r\n"
    ).encode()


def resident_bytes(service: Service) -> int:
    """Return the current resident memory of the process."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    (found,) = re.findall(r"VmRSS:\s+(\d+) kB", status)
    return int(found) * 1024


class Attackers:
    """Connections that send hostile data and hardly read anything."""

    def __init__(self, service: Service, stack: ExitStack) -> None:
        self._service = service
        self._stack = stack

    async def open(self, count: int, sent: bytes) -> list[socket.socket]:
        """Open this number of connections, and send the data on each as far as it is accepted."""
        return await asyncio.gather(
            *(asyncio.to_thread(self._open_one, sent) for _ in range(count))
        )

    def _open_one(self, sent: bytes) -> socket.socket:
        connection = self._stack.enter_context(socket.socket())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(("127.0.0.1", self._service.port))
        with suppress(ConnectionError):
            connection.sendall(sent)
        return connection


async def statuses(connections: list[socket.socket]) -> Counter[int]:
    """Return the final status of each connection; 0 without a response."""
    return Counter(
        await asyncio.gather(*(asyncio.to_thread(_status, each) for each in connections))
    )


def _status(connection: socket.socket) -> int:
    received = b""
    with suppress(ConnectionError):
        while data := connection.recv(65536):
            received += data
    words = received.split(b" ", 2)
    return int(words[1]) if len(words) > 1 else 0


async def good_calls(service: Service, count: int) -> list[int]:
    """Return the statuses of good calls, over keep-alive and new connections."""
    seen = []
    for number in range(count):
        seen.append((await service.score(PEOPLE[number % len(PEOPLE)].name)).status_code)
        async with httpx.AsyncClient(base_url=service.base_url, trust_env=False) as client:
            seen.append((await client.get("/health/ready", timeout=ANSWER_SECONDS)).status_code)
    return seen


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for a condition; the timeout of the test ends a wait that never succeeds."""
    while True:
        await asyncio.sleep(0.05)
        if condition():
            return


@pytest.mark.slow
async def test_every_kind_at_once(demo_database_url: str, start_service: StartService) -> None:
    """Good calls succeed, memory is bounded, and shutdown works with all connections open."""
    service = await start_service(demo_database_url, JWT_SECRET=SECRET)
    bearer = f"Bearer {token()}"
    with ExitStack() as stack:
        attackers = Attackers(service, stack)
        assert await statuses(await attackers.open(EACH, TINY_HEADERS)) == {431: EACH}
        too_long = post(SIGN_IN, 65_537)
        refused = await attackers.open(EACH, too_long)
        assert {each.recv(12) for each in refused} == {b"HTTP/1.1 413"}
        half = [
            *await attackers.open(EACH, HEALTH[:-2] + b"X: " + b"x" * 60_000),
            *await attackers.open(EACH, post(BULK, MEGABYTE, bearer) + b"[" * 900_000),
            *await attackers.open(EACH, post(SIGN_IN, 60_000) + b"[" * 50_000),
        ]
        await attackers.open(EACH, b"")
        await attackers.open(EACH, HEALTH)
        await attackers.open(EACH, LARGE * 3)
        await attackers.open(EACH, HEALTH * 500)
        assert set(await good_calls(service, 40)) == {200}
        assert resident_bytes(service) < BOUND
        service.process.send_signal(signal.SIGTERM)
        ended = asyncio.to_thread(service.process.wait, STOP_SECONDS)
        seen, code = await asyncio.gather(statuses(half), ended)
    assert code == 0
    assert seen.keys() <= {408, 503}, seen
    assert not [line for line in service.lines() if "Traceback" in line or "exc_info" in line]
    refusals = service.events("connections_refused")
    counted = Counter[str]()
    for event in refusals:
        counted[event["reason"]] += event["count"]
    assert counted["head_too_long"] == EACH
    assert len(refusals) < 50


async def test_the_connection_limit(demo_database_url: str, start_service: StartService) -> None:
    """With silent connections far above the limit, callers are served, and metrics show why."""
    service = await start_service(
        demo_database_url, "--internal-port", "0", MAX_CONNECTIONS="40", SHUTDOWN_DELAY_SECONDS="0"
    )
    internal = f"http://127.0.0.1:{service.events('listening_internally')[0]['port']}"
    with ExitStack() as stack:
        attackers = Attackers(service, stack)
        await attackers.open(300, HEALTH[:20])
        async with httpx.AsyncClient(base_url=internal, trust_env=False) as client:
            assert (await client.get("/health/ready")).status_code == 200
            status = 503
            while status != 200:  # new connections are not closed
                with suppress(httpx.TransportError):
                    status = (await service.client.get("/health")).status_code
                await asyncio.sleep(1)
            assert set(await good_calls(service, 30)) == {200}
            metrics = (await client.get("/metrics")).text
    counts = re.findall(
        r'^passport_scorer_connections_refused_total\{listener="public",reason="(\w+)"\} (.+)$',
        metrics,
        re.MULTILINE,
    )
    assert {"closed_for_others", "too_many_connections"} <= {reason for reason, _ in counts}
    assert sum(float(count) for _, count in counts) >= 260
    assert {event["reason"] for event in service.events("connections_refused")} <= {
        reason for reason, _ in counts
    }


async def test_memory_for_bodies(demo_database_url: str, start_service: StartService) -> None:
    """Stalled bodies of owners fill the memory: a complete body is still accepted."""
    service = await start_service(demo_database_url, JWT_SECRET=SECRET, REQUEST_MEMORY_MB="8")
    authorization = {"Authorization": f"Bearer {token()}"}
    head = post(BULK, 2 * MEGABYTE, authorization["Authorization"])
    with ExitStack() as stack:
        attackers = Attackers(service, stack)
        await attackers.open(30, head + b"[" + b" " * MEGABYTE)
        body = b"[" + b" " * MEGABYTE + b"]"
        for _ in range(20):
            answer = await service.client.patch(BULK, content=body, headers=authorization)
            # All connections are new: try again later, as the response says.
            while answer.status_code == 503:
                await asyncio.sleep(int(answer.headers["Retry-After"]))
                answer = await service.client.patch(BULK, content=body, headers=authorization)
            assert answer.status_code < 500, answer.text
            assert answer.status_code != 408, answer.text
    await eventually(lambda: bool(service.events("connections_refused")))
    refused = {event["reason"] for event in service.events("connections_refused")}
    assert "request_memory" in refused


async def test_descriptors(demo_database_url: str, start_service: StartService) -> None:
    """The soft limit of descriptors is raised to the hard limit."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, before[0]), before[1]))
    try:
        service = await start_service(demo_database_url)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    (event,) = service.events("descriptor_limit")
    assert (event["now"], event["hard"]) == (before[1], before[1])
    assert resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)[0] == before[1]
