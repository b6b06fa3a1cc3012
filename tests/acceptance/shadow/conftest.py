"""Two deployments on two databases, and a proxy between them that breaks responses."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE
from tests.support.processes import PASSED_ON

if TYPE_CHECKING:
    from tests.acceptance.conftest import Service, StartSharedService

COMMAND = (sys.executable, "-m", "passport_scorer.cli", "shadow")
END_SECONDS = 100


class Reply(NamedTuple):
    """A response in transit."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


# Takes the path, the number of the request and the response; returns the replacement.
Fault = Callable[[str, int, Reply], Awaitable[Reply]]


class Pair(NamedTuple):
    """Two deployments with the same data."""

    control: Service
    candidate: Service


@pytest.fixture(scope="module")
async def pair(start_shared_service: StartSharedService) -> Pair:
    """Two services, each with a database of its own, which the tests of a file share.

    Of two people with the same nullifier, who is scored first has the claim: all are scored in the
    same order, so that no test makes a difference between the databases.
    """
    both = Pair(
        await start_shared_service(INTERNAL_ON_PUBLIC_LISTENER="on"),
        await start_shared_service(INTERNAL_ON_PUBLIC_LISTENER="on"),
    )
    for person in PEOPLE:
        for service in both:
            assert (await service.score(person.address)).status_code == 200
    return both


class Faulty:
    """Forwards requests to a service, and breaks the responses."""

    def __init__(self, service: Service, fault: Fault) -> None:
        self._service = service
        self._fault = fault
        self.requests = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Listen until the end of the block; yield the URL."""
        async with listening(self._serve) as url:
            yield url

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ")
                headers = dict(line.split(": ", 1) for line in head[1:] if line)
                headers["Accept-Encoding"] = "identity"  # the response is changed
                length = int(headers.get("Content-Length", headers.get("content-length", "0")))
                body = await reader.readexactly(length)
                self.requests += 1
                number = self.requests
                answer = await self._service.client.request(
                    method, path, headers=headers, content=body
                )
                reply = Reply(answer.status_code, list(answer.headers.items()), answer.content)
                writer.write(_written(await self._fault(path, number, reply)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return


def _written(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} OK"]
    lines += [f"{n}: {v}" for n, v in reply.headers if n.lower() != "content-length"]
    head = "\r\n".join([*lines, f"content-length: {len(reply.body)}"])
    return head.encode("latin-1") + b"\r\n\r\n" + reply.body


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Listen on a free port until the end of the block; yield the URL."""
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def run() -> None:
            try:
                await serve(reader, writer)
            finally:
                writer.close()

        tasks.add(asyncio.get_running_loop().create_task(run()))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Run(NamedTuple):
    """The exit status and the report of a command."""

    status: int
    output: str
    errors: str
    folder: Path

    @property
    def report(self) -> Any:
        """The content of `report.json`."""
        return json.loads((self.folder / "report.json").read_text())

    @property
    def classes(self) -> list[tuple[str, ...]]:
        """The unexplained differences: endpoint, part, path, kind."""
        return [
            (each["endpoint"], each["part"], each["pattern"], each["kind"])
            for each in self.report["unexplained"]
        ]


class Shadow:
    """Runs `passport-scorer shadow …` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def start(self, *arguments: str, **settings: str) -> Process:
        """Start a command."""
        environ = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return await asyncio.create_subprocess_exec(
            *(*COMMAND, *arguments),
            cwd=self.folder,
            env={**environ, **settings},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def end(self, process: Process, output: str = "shadow-report") -> Run:
        """Wait until a command exits."""
        try:
            out, errors = await asyncio.wait_for(process.communicate(), END_SECONDS)
        except TimeoutError:
            process.kill()
            raise
        assert process.returncode is not None
        return Run(process.returncode, out.decode(), errors.decode(), self.folder / output)

    async def run(self, *arguments: str, **settings: str) -> Run:
        """Run a command until it exits."""
        return await self.end(await self.start(*arguments, **settings))

    @asynccontextmanager
    async def proxy(self, *arguments: str, **settings: str) -> AsyncIterator[Proxy]:
        """Run a proxy until the end of the block; the yielded object gets its result."""
        process = await self.start("proxy", "--port", "0", *arguments, **settings)
        assert process.stderr is not None
        try:
            line = (await asyncio.wait_for(process.stderr.readline(), END_SECONDS)).decode()
            assert line.startswith("Listening on "), line
            proxy = Proxy(self, process, int(line.split(";")[0].rpartition(":")[2]))
            yield proxy
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


class Proxy:
    """A running proxy."""

    def __init__(self, shadow: Shadow, process: Process, port: int) -> None:
        self._shadow = shadow
        self._process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def signal_mirror_process(self, number: signal.Signals) -> None:
        """Send a signal to the mirror process, the proxy's only child."""
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        (worker,) = map(int, children)
        os.kill(worker, number)

    async def stop(self) -> Run:
        """Stop the proxy with SIGTERM, so that it writes its report."""
        self._process.send_signal(signal.SIGTERM)
        return await self._shadow.end(self._process)


@pytest.fixture
def listening_on() -> Callable[..., AbstractAsyncContextManager[str]]:
    """Listens on a free port until the end of the block."""
    return listening


@pytest.fixture
def faulty() -> type[Faulty]:
    """Creates deployments that break responses."""
    return Faulty


@pytest.fixture
def shadow(tmp_path: Path) -> Shadow:
    """A runner for the commands."""
    return Shadow(tmp_path)


def request(path: str, key: str | None = DEMO_API_KEY.key, **more: Any) -> dict[str, Any]:
    """Return a line of a log."""
    headers = {"X-API-Key": key} if key else {}
    return {"method": "GET", "path": path, "headers": headers, **more}


def some_traffic() -> list[dict[str, Any]]:
    """Return partner requests for all demo users."""
    lines = []
    for number, person in enumerate(PEOPLE):
        time = f"2026-11-24T03:{number:02}:00Z"
        lines += [
            request(f"/v2/stamps/1/score/{person.address}", time=time),
            request(f"/v2/stamps/{person.address}?limit=5", time=time),
            request(f"/internal/score/v2/1/{person.address}", time=time),
            request(f"/ceramic-cache/stamp?address={person.address}", None, time=time),
        ]
    bans = [{"credentialSubject": {"id": f"did:pkh:eip155:1:{PEOPLE[0].address}", "hash": "x"}}]
    return [
        *lines,
        request("/internal/check-bans", None) | {"method": "POST", "body": bans},
        request("/v2/stamps/1/score/0xnone"),
        request("/v2/stamps/77/score/" + PEOPLE[0].address),
        request("/v2/stamps/1/score/" + PEOPLE[0].address, "demokey1.wrong-secret-in-a-log"),
        request("/nowhere", None),
    ]


@pytest.fixture
def log_of(tmp_path: Path) -> Callable[[Sequence[Mapping[str, Any]]], str]:
    """Writes a log, and returns its path."""

    def write(lines: Sequence[Mapping[str, Any]]) -> str:
        file = tmp_path / "requests.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return str(file)

    return write


@pytest.fixture
def traffic() -> list[dict[str, Any]]:
    """Return partner requests for all demo users."""
    return some_traffic()


@pytest.fixture
def patient(tmp_path: Path) -> tuple[str, str]:
    """Options under which no response is slow.

    Latency depends on the load of the machine; a single test covers it.
    """
    rules = tmp_path / "patience.toml"
    rules.write_text("[slowness]\nseconds = 60.0\n")
    return "--rules", str(rules)
