"""A PostgreSQL server, databases on it, and running instances of the service."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from passport_scorer.db.schema.creation import create_schema
from passport_scorer.db.url import connected
from passport_scorer.tools.embedded_postgres import EmbeddedServer
from tests.chaos.client import HOST, HOSTILE_HOST, Connection
from tests.chaos.history import History
from tests.chaos.instances import Instance, LoadBalancer, is_running
from tests.chaos.invariants import compared, violated
from tests.chaos.load import Budget, Call, Caller, Tally, run_all, until
from tests.chaos.result import Result
from tests.chaos.workload import SETTINGS, Workload
from tests.support.demo_data import seed_demo
from tests.support.tables import Tables

# Commits survive a crash of the server; they need not survive a power failure.
SERVER_SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}
CRASH_SECONDS = 30
ENDLESS = 1_000_000_000
LOST_PER_KILL = 1000  # usage rows: those of half a second, and a batch being written
_WATCH_PAUSE = 0.1
_numbers = itertools.count(1)


class DatabaseServer:
    """A running PostgreSQL server with a template database that holds the demo data.

    Args:
        embedded: a running server.
        template: the name of the template database.
        folder: where the logs of the instances are written.
    """

    def __init__(self, embedded: EmbeddedServer, template: str, folder: Path) -> None:
        self.embedded = embedded
        self.folder = folder
        self._template = template

    async def run(self, *statements: str) -> None:
        """Execute each statement in its own transaction, even if the server is read-only."""
        connection = await asyncpg.connect(
            self.embedded.url_of("postgres"),
            server_settings={"default_transaction_read_only": "off"},
        )
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """Create a database with the demo data, yield its URL, and drop it."""
        name = f"chaos_{next(_numbers)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY FILE_COPY")
        try:
            yield self.embedded.url_of(name)
        finally:
            await self.run(f"DROP DATABASE {name} WITH (FORCE)")

    @asynccontextmanager
    async def deployment(
        self,
        result: Result,
        *,
        instances: int = 1,
        workers: int = 1,
        user: str = "postgres",
        settings: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Deployment]:
        """Start instances on a new database; kill those that still run at the end."""
        async with self.database() as url:
            deployment = Deployment(self, url, result)
            given = {
                **SETTINGS,
                "DATABASE_URL": url.replace("postgres@", f"{user}@"),
                **(settings or {}),
            }
            deployment.create(instances, workers, given)
            try:
                await asyncio.gather(*(each.start() for each in deployment.instances))
                yield deployment
            finally:
                for each in deployment.instances:
                    each.end_now()

    def postmaster(self) -> int:
        """The process ID of the PostgreSQL postmaster."""
        return int((self.embedded.folder / "data" / "postmaster.pid").read_text().split()[0])

    async def crash(self) -> None:
        """Shut PostgreSQL down in immediate mode (SIGQUIT), and start it again."""
        pid = self.postmaster()
        os.kill(pid, signal.SIGQUIT)
        if not await until(lambda: not is_running(pid), CRASH_SECONDS):
            raise TimeoutError("PostgreSQL does not stop")
        await asyncio.to_thread(self.embedded.shut_down)
        await asyncio.to_thread(self.embedded.start)


class Deployment:
    """A database and the instances that use it.

    Attributes:
        tables: the database, over an administrator's connection.
        instances: the instances of the service.
        history: the answers that clients received.
        workload: the requests that clients send.
        kills: the number of processes killed so far; bounds the loss of usage rows.
    """

    def __init__(self, server: DatabaseServer, url: str, result: Result) -> None:
        self.server = server
        self.tables = Tables(url)
        self.result = result
        self.history = History()
        self.workload = Workload(self.tables, self.history)
        self.instances: list[Instance] = []
        self.kills = 0

    @property
    def database(self) -> str:
        """The name of the database."""
        return urlsplit(self.tables.url).path.removeprefix("/")

    def create(self, count: int, workers: int, settings: Mapping[str, str]) -> None:
        """Create instances without starting them."""
        folder = self.server.folder / self.database
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier run
        self.instances = [
            Instance(folder / f"instance-{number}", workers, settings) for number in range(count)
        ]

    def callers(
        self,
        count: int,
        group: str | Tally,
        calls: Iterator[Call],
        budget: Budget,
        *,
        instances: list[Instance] | None = None,
        source: str = HOST,
        pause: float = 0.0,
        keeps: bool = True,
    ) -> list[Caller]:
        """Create `count` clients, spread evenly over the instances."""
        targets = instances or self.instances
        return [
            Caller(
                LoadBalancer(targets, number),
                calls,
                (lambda: self.result.tallies[group]) if isinstance(group, str) else lambda: group,
                budget,
                Connection(source, keeps=keeps),
                pause,
            )
            for number in range(count)
        ]

    async def finish(self, *, left_out: list[str] | None = None, may_doubt: bool = False) -> None:
        """Stop the instances, and check the invariants.

        Args:
            left_out: addresses whose rows the scenario wrote itself.
            may_doubt: PostgreSQL was stopped, so a commit may have succeeded although its
                acknowledgment was lost.
        """
        await asyncio.gather(*(each.stop() for each in self.instances))
        result = self.result
        result.violations += [end for each in self.instances for end in each.bad_ends]
        result.violations += await violated(self.tables, left_out or [])
        comparison = await compared(self.tables, self.history)
        result.violations += comparison.violations
        result.lost += comparison.lost
        self._judge_lost(comparison.lost)
        if comparison.in_doubt:
            doubt = f"{comparison.in_doubt} uploads stored despite 503"
            (result.notes if may_doubt else result.violations).append(doubt)
        await self._look_at_server()
        if count := sum(each.tracebacks() for each in self.instances):
            result.violations.append(f"{count:,} tracebacks in the log that are no event")
        for event in ("request_failed", "crashed", "usage_rejected"):
            if count := sum(each.logged(event) for each in self.instances):
                result.notes.append(f"{count:,} x {event} in the log")

    def _judge_lost(self, lost: int) -> None:
        bound = self.kills * LOST_PER_KILL
        if lost > bound:
            self.result.violations.append(
                f"{lost:,} answered calls have no usage row (limit: {bound:,})"
            )

    async def _look_at_server(self) -> None:
        deadlocks = await self.tables.value(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        if deadlocks:
            self.result.violations.append(f"{deadlocks} deadlocks")

    @asynccontextmanager
    async def watched(self, interval: float = _WATCH_PAUSE) -> AsyncIterator[Watch]:
        """Sample memory and waiting backends until the end of the block."""
        watch = Watch()
        task = asyncio.create_task(self._watch(watch, interval))
        try:
            yield watch
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self, watch: Watch, interval: float) -> None:
        async with self.tables.connection() as connection:
            while True:
                waiting = await connection.fetchval(WAITING)
                watch.waiting = max(watch.waiting, waiting)
                watch.memory = max(watch.memory, *(each.memory() for each in self.instances))
                await asyncio.sleep(interval)


@asynccontextmanager
async def background_load(
    deployment: Deployment, count: int, group: str, calls: Iterator[Call], pause: float = 0.0
) -> AsyncIterator[None]:
    """Send requests from a second peer address until the end of the block."""
    budget = Budget(ENDLESS, ENDLESS)
    callers = deployment.callers(count, group, calls, budget, source=HOSTILE_HOST, pause=pause)
    load = asyncio.create_task(run_all(callers))
    try:
        yield
    finally:
        budget.stop()
        await load


WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


class Watch:
    """Maxima: backends waiting for locks, and resident megabytes of an instance."""

    def __init__(self) -> None:
        self.waiting = 0
        self.memory = 0


@contextmanager
def running_server(folder: Path) -> Iterator[EmbeddedServer]:
    """Run an embedded PostgreSQL server below a folder."""
    with EmbeddedServer(folder / "postgresql", settings=SERVER_SETTINGS, shared=folder) as server:
        yield server


async def prepared(embedded: EmbeddedServer, folder: Path) -> DatabaseServer:
    """Create the tables and the demo data on a running server."""
    async with connected(embedded.url) as connection:
        await create_schema(connection, own=True)
    await seed_demo(embedded.url)
    return DatabaseServer(embedded, urlsplit(embedded.url).path.removeprefix("/"), folder)
