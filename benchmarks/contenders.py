"""The contenders: variants of the service, the database alone, and the usual design."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from benchmarks import options as names
from benchmarks import pgbench
from benchmarks.copies import copy
from benchmarks.database import Loaded
from benchmarks.environment import environment
from benchmarks.load import Load
from benchmarks.parameters import HOW_MANY
from benchmarks.processes import Process, running
from benchmarks.results import Measured
from benchmarks.service_contender import ServiceContender

CONNECTIONS = (1, 16, 32, 256)


class Contender(Protocol):
    """A contender."""

    name: str
    title: str
    connections: tuple[int, ...]

    @abstractmethod
    def measure(self, connections: int, seconds: float, warm_up: float) -> Measured:
        """Measure it with this number of connections."""


class DatabaseAlone:
    """pgbench with the service's own statements.

    Args:
        loaded: the database.
        program: the path of pgbench.
        folder: for its files.
        postgresql: the process of the database server.
    """

    name = names.DATABASE
    title = f"the database alone: pgbench with the service's {HOW_MANY}"
    connections: tuple[int, ...] = (1, 32)

    def __init__(self, loaded: Loaded, program: Path, folder: Path, postgresql: Process) -> None:
        self._loaded = loaded
        self._program = program
        self._folder = folder
        self._postgresql = postgresql

    def measure(self, connections: int, seconds: float, warm_up: float) -> Measured:
        """Measure it with this number of clients."""
        before, began = self._postgresql.cpu_seconds(), time.monotonic()
        result = pgbench.run(
            self._loaded, self._program, self._folder, connections, seconds, warm_up
        )
        used = self._postgresql.cpu_seconds() - before
        share = result.seconds / (time.monotonic() - began)  # of it was counted, roughly
        return Measured(
            requests=result.transactions,
            requests_per_second=result.transactions / result.seconds,
            p50_ms=result.p50_ms,
            p99_ms=result.p99_ms,
            python_cpu_ms=0,
            postgresql_cpu_ms=used * share * 1000 / result.transactions,
        )


class Ground(msgspec.Struct, frozen=True):
    """The database and the files of a run.

    Attributes:
        loaded: the database.
        postgresql: the process of its server.
        addresses: the file with the requested addresses.
        folder: for logs and other files.
        pooler: the URL of the same database through a transaction pooler, if that is used.
    """

    loaded: Loaded
    postgresql: Process
    addresses: Path
    folder: Path
    pooler: str | None = None

    def behind(self, pooler: str) -> Ground:
        """Return the same, used through a transaction pooler with this URL."""
        return msgspec.structs.replace(self, pooler=pooler)

    @contextmanager
    def on_a_copy(self, purpose: str) -> Iterator[Ground]:
        """Use a copy of the database, which has no sessions, until the end of the block."""
        with copy(self.loaded.url, purpose) as url:
            loaded = msgspec.structs.replace(self.loaded, url=url)
            yield msgspec.structs.replace(self, loaded=loaded)

    def service(
        self,
        stack: ExitStack,
        name: str = names.SERVICE,
        *,
        workers: int,
        caches: bool = True,
        connections: tuple[int, ...] = CONNECTIONS,
    ) -> ServiceContender:
        """Start the service; the stack stops it.

        Args:
            stack: stops it.
            name: one of `options.NAMES`.
            workers: the number of processes.
            caches: False to verify each signature each time.
            connections: numbers of connections to measure with.
        """
        stamps = self.loaded.addresses * self.loaded.stamps if caches else 0
        variables = environment(self.pooler or self.loaded.url, stamps)
        if self.pooler:
            variables |= {"DATABASE_PREPARED_STATEMENTS": "off"}
        module = ["passport_scorer.cli", "serve", "--port", "{port}", "--workers", str(workers)]
        module += ["--internal-port", "{internal_port}"]  # otherwise there are no metrics
        title = f"the service, {workers} worker{'s' if workers > 1 else ''}"
        title += "" if caches else ", caches off"
        return self._started(stack, name, title, module, variables, connections)

    def sequential(self, stack: ExitStack, *, workers: int) -> ServiceContender:
        """Start the usual design; the stack stops it."""
        module = ["uvicorn", "benchmarks.sequential:application", "--no-access-log"]
        module += ["--port", "{port}", "--workers", str(workers), "--log-level", "warning"]
        environment = {"DATABASE_URL": self.loaded.url}
        title = f"the sequential design, {workers} workers"
        return self._started(stack, names.SEQUENTIAL, title, module, environment, (1, 16, 32))

    def _started(
        self,
        stack: ExitStack,
        name: str,
        title: str,
        module: list[str],
        variables: dict[str, str],
        connections: tuple[int, ...],
    ) -> ServiceContender:
        log = self.folder / f"{name}.log"
        service = stack.enter_context(running(module, variables, log))
        load = Load(service.url, self.addresses)
        return ServiceContender(name, title, connections, service, load, self.postgresql)
