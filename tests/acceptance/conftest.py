"""Acceptance fixtures: real processes of the service, on databases with demo data."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import httpx
import pytest

from passport_scorer.db.schema.creation import create_schema
from passport_scorer.db.url import connected
from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE
from passport_scorer.tools.embedded_postgres import EmbeddedServer, Installation
from tests.support.demo_data import seed_demo
from tests.support.processes import (
    COMMAND,
    DEMO_ENVIRONMENT,
    SERVING,
    START_SECONDS,
    environment,
    launched,
    listening_port,
    said,
)
from tests.support.tables import LATER_SECONDS, Tables

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer

__all__ = ["COMMAND", "DEMO_ENVIRONMENT", "LATER_SECONDS", "SERVING", "START_SECONDS", "Tables"]
__all__ += ["environment", "launched", "listening_port", "said"]

STOP_SECONDS = 40
END_SECONDS = 20
ANSWER_SECONDS = 20
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """The bytes received over a socket."""

    raw: bytes

    @property
    def status(self) -> int:
        """The status of the first response, or 0 without a response."""
        words = self.raw.split(b" ", 2)
        return int(words[1]) if words[0].startswith(b"HTTP/1.") and len(words) > 1 else 0

    @property
    def statuses(self) -> list[int]:
        """The statuses of all responses."""
        parts = self.raw.split(b"HTTP/1.1 ")
        return [int(part[:3]) for part in parts[1:]]

    @property
    def body(self) -> bytes:
        """The bytes after the headers of the first response."""
        return self.raw.partition(b"\r\n\r\n")[2]


class Service:
    """A running service: its URL, process, log and tables."""

    def __init__(
        self, process: subprocess.Popen[bytes], log: Path, tables: Tables, port: int
    ) -> None:
        self.process = process
        self.log = log
        self.tables = tables
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}"
        self.client = httpx.AsyncClient(
            base_url=self.base_url,
            timeout=ANSWER_SECONDS,
            limits=httpx.Limits(max_connections=None),
            trust_env=False,
        )

    async def score(
        self,
        who: str,
        scorer: object = 1,
        key: str | None = DEMO_API_KEY.key,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Request the score of a demo user or an address."""
        address = address_of(who)
        sent = {**({"X-API-Key": key} if key is not None else {}), **(headers or {})}
        return await self.client.get(f"/v2/stamps/{scorer}/score/{address}", headers=sent)

    async def health(self) -> int:
        """Return the status of `/health/ready`."""
        return (await self.client.get("/health/ready")).status_code

    async def healthy_again(self) -> None:
        """Wait until `/health/ready` is 200."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(httpx.TransportError):
                if await self.health() == 200:
                    return
            assert self.process.poll() is None, said(self.log)
            assert time.monotonic() < deadline, said(self.log)
            await asyncio.sleep(0.02)

    def exchange(self, *pieces: bytes) -> Answer:
        """Send bytes, and return everything received until the service closes the connection.

        The test fails if the service keeps the connection open without sending anything.
        """
        received = b""
        with closing(self.socket()) as connection:
            # The service can close the connection before it has read everything.
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    connection.sendall(piece)
            with contextlib.suppress(ConnectionError):
                while data := connection.recv(65536):
                    received += data
        return Answer(received)

    def request(
        self,
        target: bytes,
        *headers: tuple[bytes, bytes],
        method: bytes = b"GET",
        version: bytes = b"1.1",
    ) -> Answer:
        """Send a raw request, the only one on its connection."""
        lines = [
            b"%s %s HTTP/%s" % (method, target, version),
            b"Host: localhost",
            b"Connection: close",
            *(name + b": " + value for name, value in headers),
        ]
        return self.exchange(b"\r\n".join(lines) + b"\r\n\r\n")

    def socket(self) -> socket.socket:
        """Return a connection to the service."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS)

    def accepts(self) -> bool:
        """Return whether the service still accepts connections."""
        try:
            self.socket().close()
        except ConnectionError:
            return False
        return True

    def lines(self) -> list[str]:
        """Return the standard error output of the service."""
        return said(self.log).splitlines()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log events with this name."""
        events = [json.loads(line) for line in self.lines() if line.startswith("{")]
        return [event for event in events if event["event"] == name]

    async def stop(self) -> None:
        """Stop the service with SIGTERM; it must exit with status 0."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        await self.stopped()

    async def stopped(self) -> None:
        """Wait until the service, which was told to stop, has exited with status 0."""
        await asyncio.to_thread(self.process.wait, STOP_SECONDS)
        assert self.process.returncode == 0, said(self.log)

    async def log_is_complete(self) -> None:
        """Wait until all answered requests are logged.

        A response is sent before its line is written. The process handles requests in order, so
        one more response, which is not logged, arrives after the lines of the earlier ones.
        """
        await self.health()


def address_of(who: str) -> str:
    """Return the address of a demo user; anything else is returned unchanged."""
    return next((person.address for person in PEOPLE if person.name == who), who)


class StartService(Protocol):
    """Starts services that are stopped at the end of the test."""

    def __call__(
        self, database_url: str, *arguments: str, **settings: str
    ) -> Awaitable[Service]: ...


@asynccontextmanager
async def running(
    folder: Path, database_url: str, arguments: Sequence[str], settings: Mapping[str, str]
) -> AsyncIterator[Service]:
    """Run a service on a free port until the end of the block."""
    log = folder / f"stderr-{next(_numbers)}"
    given = {"DATABASE_URL": database_url, **DEMO_ENVIRONMENT, **settings}
    process = launched(folder, log, ["serve", "--port", "0", *arguments], given)
    try:
        service = Service(process, log, Tables(database_url), await listening_port(process, log))
        async with service.client:
            await service.healthy_again()
            yield service
        await service.stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
async def service(
    postgresql_server: PostgresqlServer,
    demo_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Service]:
    """A service that tests share: each adds its own data, and changes no other data."""
    folder = tmp_path_factory.mktemp("service")
    with postgresql_server.database(demo_template) as url:
        async with running(folder, url, ["--workers", "1"], {}) as service:
            yield service


@pytest.fixture
async def own_server(
    server_folder: Path, postgresql_installation: Installation | None
) -> AsyncIterator[EmbeddedServer]:
    """A separate PostgreSQL for this test, with demo data."""
    folder = server_folder / f"own-{next(_numbers)}"
    with EmbeddedServer(
        folder,
        settings={"fsync": "off"},
        installation=postgresql_installation,
        shared=server_folder,
    ) as server:
        async with connected(server.url) as connection:
            await create_schema(connection, own=True)
        await seed_demo(server.url)
        yield server


@pytest.fixture
async def start_service(tmp_path: Path) -> AsyncIterator[StartService]:
    """Starts services for one test, with its own settings and arguments."""
    async with AsyncExitStack() as stack:

        async def start(database_url: str, *arguments: str, **settings: str) -> Service:
            given = arguments if "--workers" in arguments else ("--workers", "1", *arguments)
            context = running(tmp_path, database_url, given, settings)
            return await stack.enter_async_context(context)

        yield start


class StartSharedService(Protocol):
    """Starts a service, on a database of its own, that is stopped after the tests of a file."""

    def __call__(self, *arguments: str, **settings: str) -> Awaitable[Service]: ...


@pytest.fixture(scope="module")
async def start_shared_service(
    postgresql_server: PostgresqlServer,
    demo_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[StartSharedService]:
    """Starts services with the demo's data for all tests of a file: a start takes a second."""
    folder = tmp_path_factory.mktemp("shared")
    async with AsyncExitStack() as stack:

        async def start(*arguments: str, **settings: str) -> Service:
            url = stack.enter_context(postgresql_server.database(demo_template))
            context = running(folder, url, ["--workers", "1", *arguments], settings)
            return await stack.enter_async_context(context)

        yield start


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `passport-scorer` with arguments and settings until it exits."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=tmp_path,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with process:
            try:
                output, errors = process.communicate(timeout=END_SECONDS)
            except subprocess.TimeoutExpired:
                # It should have exited; processes that it started must not outlive the test.
                os.killpg(process.pid, signal.SIGKILL)
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    return run
