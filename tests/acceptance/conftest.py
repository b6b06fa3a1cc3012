"""The acceptance fixtures: real processes of the service, on databases with the demo's data."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.db.embedded import EmbeddedServer
from passport_scorer.db.location import connected
from passport_scorer.db.schema.creation import create_schema
from passport_scorer.demo.seed import seed
from passport_scorer.demo.world import DEMO_API_KEY, PEOPLE, TRUSTED_ISSUERS

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer

START_SECONDS = 60
STOP_SECONDS = 40
END_SECONDS = 20
ANSWER_SECONDS = 20
LATER_SECONDS = 10
# What a process needs to run at all; nothing of the service's own settings leaks in.
PASSED_ON = ("PATH", "HOME", "PYTHONPATH", "LANG", "TMPDIR")
DEMO_ENVIRONMENT = {
    "TRUSTED_IAM_ISSUERS": json.dumps(sorted(TRUSTED_ISSUERS)),
    "DEMO_API_KEY": DEMO_API_KEY.key,
    "DEMO_API_KEY_ALIASES": '["demo"]',
    "DEMO_API_SCORER_ID": "1",
    "SHUTDOWN_DELAY_SECONDS": "0",  # no load balancer has to notice
}
COMMAND = (sys.executable, "-m", "passport_scorer.cli")
_numbers = itertools.count(1)


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process with these settings of the service."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**passed_on, **settings}


class Tables:
    """The tables of a database, as somebody else than the service sees and changes them."""

    def __init__(self, url: str) -> None:
        self.url = url

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection on which JSON is read and written as values."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.set_type_codec(
                "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
            )
            yield connection
        finally:
            await connection.close()

    async def rows(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        """Run a statement and return its rows."""
        async with self.connection() as connection:
            return [dict(row) for row in await connection.fetch(sql, *arguments)]

    async def value(self, sql: str, *arguments: object) -> Any:
        """Run a statement and return the only value that it yields."""
        async with self.connection() as connection:
            return await connection.fetchval(sql, *arguments)

    async def eventually(self, expected: object, sql: str, *arguments: object) -> None:
        """Wait until a statement yields this value; what is written later must get some time."""
        deadline = time.monotonic() + LATER_SECONDS
        while (found := await self.value(sql, *arguments)) != expected:
            assert time.monotonic() < deadline, f"{found!r}, not {expected!r}: {sql}"
            await asyncio.sleep(0.02)

    async def usage(self, key: str, count: int) -> list[dict[str, Any]]:
        """The recorded calls of an API key, in their order, as soon as there are so many."""
        key_id = key_id_of(key)
        where = "FROM account_accountapikeyanalytics WHERE api_key_id = $1"
        await self.eventually(count, f"SELECT count(*) {where}", key_id)
        return await self.rows(f"SELECT * {where} ORDER BY created_at, id", key_id)

    async def registry(self) -> dict[str, int]:
        """How many rows each table has that scoring writes."""
        tables = ("passport", "score", "stamp", "hashscorerlink", "event")
        return {
            table: await self.value(f"SELECT count(*) FROM registry_{table}") for table in tables
        }

    async def add_key(self, **columns: object) -> str:
        """Add an API key of account 1 and return it; `columns` differ from what is usual."""
        key = f"k{next(_numbers):06}.secret-{next(_numbers)}-that-nobody-else-knows"
        row = {
            "id": key_id_of(key),
            "prefix": key.partition(".")[0],
            "hashed_key": "pbkdf2_sha256$1$salt$bm90aGluZyBtYXRjaGVz",
            "hashed_key_sha256": fast_hash(key),
            "created": datetime.now(UTC),
            "name": "acceptance",
            "revoked": False,
            "account_id": 1,
            "create_scorers": False,
            "read_scores": True,
            "submit_passports": False,
            "historical_endpoint": False,
            **{name: value(key) if callable(value) else value for name, value in columns.items()},
        }
        await self.insert("account_accountapikey", row)
        return key

    async def add_community(
        self, weights: Mapping[str, object] | None = None, **columns: object
    ) -> int:
        """Add a community of account 1 and return its id; its weights are the demo's, or these."""
        if weights is None:
            weights = await self.value(
                "SELECT weights FROM scorer_weighted_binaryweightedscorer WHERE scorer_ptr_id = 1"
            )
        scorer = await self.insert(
            "scorer_weighted_scorer",
            {"type": "WEIGHTED_BINARY", "exclude_from_weight_updates": False},
        )
        await self.insert(
            "scorer_weighted_binaryweightedscorer",
            {"scorer_ptr_id": scorer, "weights": weights, "threshold": Decimal(20)},
            returning="scorer_ptr_id",
        )
        name = f"community {next(_numbers)}"
        row = {
            "name": name,
            "description": name,
            "account_id": 1,
            "scorer_id": scorer,
            "rule": "LIFO",
            "human_points_program": False,
            **columns,
        }
        added: int = await self.insert("account_community", row)
        return added

    async def add_stamp(self, address: str, credential: Mapping[str, Any]) -> None:
        """Put a credential into the stamp store."""
        await self.insert(
            "ceramic_cache_ceramiccache",
            {
                "address": address,
                "provider": credential["credentialSubject"]["provider"],
                "stamp": credential,
                "updated_at": datetime.now(UTC),
                "type": 1,
                "compose_db_save_status": "pending",
                "compose_db_stream_id": "",
                "proof_value": credential["proof"]["proofValue"],
            },
        )

    async def insert(self, table: str, row: Mapping[str, object], returning: str = "id") -> Any:
        """Insert a row and return its id."""
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places}) RETURNING {returning}"
        return await self.value(sql, *row.values())


def key_id_of(key: str) -> str:
    """The id of the row of an API key: of one of the demo's, or one that a test has added."""
    return f"{key.partition('.')[0]}.{'demo' if key.startswith('demokey') else 'test'}"


def fast_hash(key: str) -> str:
    """What `hashed_key_sha256` holds for a key."""
    return "sha256$" + hashlib.sha256(key.encode()).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What came back over a socket."""

    raw: bytes

    @property
    def status(self) -> int:
        """The status of the first answer; 0 if there was none."""
        words = self.raw.split(b" ", 2)
        return int(words[1]) if words[0].startswith(b"HTTP/1.") and len(words) > 1 else 0

    @property
    def statuses(self) -> list[int]:
        """The statuses of all answers."""
        parts = self.raw.split(b"HTTP/1.1 ")
        return [int(part[:3]) for part in parts[1:]]

    @property
    def body(self) -> bytes:
        """What follows the headers of the first answer."""
        return self.raw.partition(b"\r\n\r\n")[2]


class Service:
    """A running service: its address, its process, what it logs, and its tables."""

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
        """Ask for the score of a person of the demo, or of an address."""
        address = address_of(who)
        sent = {**({"X-API-Key": key} if key is not None else {}), **(headers or {})}
        return await self.client.get(f"/v2/stamps/{scorer}/score/{address}", headers=sent)

    async def health(self) -> int:
        """The status of `/health/ready`."""
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
        """Send bytes, and return everything that comes back until the service closes.

        A service that keeps the connection open and says nothing makes the test fail.
        """
        received = b""
        with closing(self.socket()) as connection:
            # A service that has heard enough may close before it has read everything.
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
        """Send a request exactly as it is given, the only one of its connection."""
        lines = [
            b"%s %s HTTP/%s" % (method, target, version),
            b"Host: localhost",
            b"Connection: close",
            *(name + b": " + value for name, value in headers),
        ]
        return self.exchange(b"\r\n".join(lines) + b"\r\n\r\n")

    def socket(self) -> socket.socket:
        """A connection to the service."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS)

    def accepts(self) -> bool:
        """Whether the service still takes connections."""
        try:
            self.socket().close()
        except ConnectionError:
            return False
        return True

    def lines(self) -> list[str]:
        """What the service has written to its standard error."""
        return said(self.log).splitlines()

    def events(self, name: str) -> list[dict[str, Any]]:
        """What it has logged under this name."""
        events = [json.loads(line) for line in self.lines() if line.startswith("{")]
        return [event for event in events if event["event"] == name]

    async def stop(self) -> None:
        """Stop it as operators do; it must end by itself, and well."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(self.process.wait, STOP_SECONDS)
        assert self.process.returncode == 0, said(self.log)


def address_of(who: str) -> str:
    """The address of a person of the demo; anything else is taken as it is."""
    return next((person.address for person in PEOPLE if person.name == who), who)


class StartService(Protocol):
    """Starts a service that is stopped at the end of the test."""

    def __call__(
        self, database_url: str, *arguments: str, **settings: str
    ) -> Awaitable[Service]: ...


@asynccontextmanager
async def running(
    folder: Path, database_url: str, arguments: Sequence[str], settings: Mapping[str, str]
) -> AsyncIterator[Service]:
    """Run a service on a free port for a while."""
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


def launched(
    folder: Path, log: Path, arguments: Sequence[str], settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a process of `passport-scorer` whose standard error goes to a file."""
    with log.open("wb") as stderr:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=folder,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )


async def listening_port(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port that a service says it listens on, as soon as it says so."""
    deadline = time.monotonic() + START_SECONDS
    while (port := said_port(log)) is None:
        assert process.poll() is None, said(log)
        assert time.monotonic() < deadline, said(log)
        await asyncio.sleep(0.02)
    return port


def said_port(log: Path) -> int | None:
    """The port that the log names; None if it names none so far."""
    for line in said(log).splitlines(keepends=True):
        if line.endswith("\n") and '"listening"' in line:
            port: int = json.loads(line)["port"]
            return port
    return None


def said(log: Path) -> str:
    """What a process has written to its standard error."""
    return log.read_text()


@pytest.fixture(scope="session")
async def demo_template(
    postgresql_server: PostgresqlServer, schema_template: str
) -> AsyncIterator[str]:
    """The name of a database with the demo's data."""
    with postgresql_server.database(schema_template) as url:
        database = Database(DatabaseSettings(url))
        await database.open()
        await seed(database)
        await database.close()
        yield urlsplit(url).path.removeprefix("/")


@pytest.fixture(scope="session")
async def service(
    postgresql_server: PostgresqlServer,
    demo_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Service]:
    """A service that tests share: each adds what it needs, and changes nothing of the others'."""
    folder = tmp_path_factory.mktemp("service")
    with postgresql_server.database(demo_template) as url:
        async with running(folder, url, ["--workers", "1"], {}) as service:
            yield service


@pytest.fixture
def demo_database_url(postgresql_server: PostgresqlServer, demo_template: str) -> Iterator[str]:
    """The URL of a fresh database with the demo's data."""
    with postgresql_server.database(demo_template) as url:
        yield url


@pytest.fixture
async def own_server(server_folder: Path) -> AsyncIterator[EmbeddedServer]:
    """A PostgreSQL of this test's own, with the demo's data."""
    folder = server_folder / f"own-{next(_numbers)}"
    with EmbeddedServer(folder, settings={"fsync": "off"}, shared=server_folder) as server:
        async with connected(server.url) as connection:
            await create_schema(connection, own=True)
        database = Database(DatabaseSettings(server.url))
        await database.open()
        await seed(database)
        await database.close()
        yield server


@pytest.fixture
async def start_service(tmp_path: Path) -> AsyncIterator[StartService]:
    """Starts services of a test's own, with its settings and arguments."""
    async with AsyncExitStack() as stack:

        async def start(database_url: str, *arguments: str, **settings: str) -> Service:
            given = arguments if "--workers" in arguments else ("--workers", "1", *arguments)
            context = running(tmp_path, database_url, given, settings)
            return await stack.enter_async_context(context)

        yield start


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `passport-scorer` with arguments and settings, to its end."""

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
                # It should have ended: what it has started instead must not outlive the test.
                os.killpg(process.pid, signal.SIGKILL)
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    return run
