"""The contenders: variants of the service, the database alone, and the usual design."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from benchmarks import options as names
from benchmarks import pgbench
from benchmarks.database import Loaded, copied
from benchmarks.load import Load, LoadResult
from benchmarks.processes import Process, Service, running
from benchmarks.results import Measured
from benchmarks.stamps import TRUSTED_ISSUER

CONNECTIONS = (1, 16, 32, 256)
# Requests are spread over the workers at random, and each worker has to cache each
# address: after this number of passes, all but one in two hundred pairs have met.
_PASSES_OF_SEVERAL_WORKERS = 8
_LAST_REQUESTS = 0.5  # seconds; requests in flight at the end finish before the next measurement


class Contender(Protocol):
    """A contender."""

    name: str
    title: str
    connections: tuple[int, ...]

    @abstractmethod
    def measure(self, connections: int, seconds: float, warm_up: float) -> Measured:
        """Measure it with this number of connections."""


class ServiceContender:
    """A service with an HTTP interface.

    Args:
        name: one of `options.NAMES`.
        title: the name in the report.
        connections: numbers of connections to measure with.
        service: the running service.
        load: the requests.
        postgresql: the process of the database server.
    """

    def __init__(
        self,
        name: str,
        title: str,
        connections: tuple[int, ...],
        service: Service,
        load: Load,
        postgresql: Process,
    ) -> None:
        self.name, self.title, self.connections = name, title, connections
        self.service = service
        self.requests = 0
        self._load = load
        self._postgresql = postgresql

    def measure(self, connections: int, seconds: float, warm_up: float) -> Measured:
        """Measure it with this number of connections."""
        if warm_up:
            self._send(lambda: self._load.send(connections, warm_up))
        return self._measured(lambda: self._load.send(connections, seconds))

    def measure_in_order(self, connections: int, seconds: float) -> Measured:
        """Measure it with requests for one address after another, from the first."""
        return self._measured(lambda: self._load.send(connections, seconds, "sequence", 0))

    def get_to_know(self, addresses: int, workers: int, advance: Callable[[int], None]) -> None:
        """Request each address until each worker has cached nearly all of them.

        Args:
            addresses: their number in the file of the load.
            workers: their number.
            advance: called with the number of further requests done.
        """
        wanted = passes(workers) * addresses
        sent = 0
        while sent < wanted:
            requests = self._send(partial(self._load.send, 32, 1, "sequence", sent)).requests
            advance(min(requests, wanted - sent))
            sent += requests

    def _send(self, send: Callable[[], LoadResult]) -> LoadResult:
        result = send()
        self.requests += result.requests
        time.sleep(_LAST_REQUESTS)
        return result

    def _measured(self, send: Callable[[], LoadResult]) -> Measured:
        service, postgresql = self.service.process.cpu_seconds(), self._postgresql.cpu_seconds()
        result = self._send(send)
        return Measured(
            requests=result.requests,
            requests_per_second=result.requests / result.seconds,
            p50_ms=result.p50_ms,
            p99_ms=result.p99_ms,
            python_cpu_ms=(self.service.process.cpu_seconds() - service) * 1e3 / result.requests,
            postgresql_cpu_ms=(self._postgresql.cpu_seconds() - postgresql) * 1e3 / result.requests,
        )


class DatabaseAlone:
    """pgbench with the service's own statements.

    Args:
        loaded: the database.
        program: the path of pgbench.
        folder: for its files.
        postgresql: the process of the database server.
    """

    name = names.DATABASE
    title = "the database alone: pgbench with the service's two statements"
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
    """

    loaded: Loaded
    postgresql: Process
    addresses: Path
    folder: Path

    def on_a_copy(self) -> Ground:
        """Return the same with a copy of the database."""
        return msgspec.structs.replace(self, loaded=copied(self.loaded))

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
        room = 1024 if caches else 0
        environment = {
            "DATABASE_URL": self.loaded.url,
            "TRUSTED_IAM_ISSUERS": f'["{TRUSTED_ISSUER}"]',
            "CACHE_MEMORY_MB": str(room),
        }
        module = ["passport_scorer.cli", "serve", "--port", "{port}", "--workers", str(workers)]
        module += ["--internal-port", "{internal_port}"]  # otherwise there are no metrics
        title = f"the service, {workers} worker{'s' if workers > 1 else ''}"
        title += "" if caches else ", caches off"
        return self._started(stack, name, title, module, environment, connections)

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
        environment: dict[str, str],
        connections: tuple[int, ...],
    ) -> ServiceContender:
        log = self.folder / f"{name}.log"
        service = stack.enter_context(running(module, environment, log))
        load = Load(service.url, self.addresses)
        return ServiceContender(name, title, connections, service, load, self.postgresql)


def passes(workers: int) -> int:
    """Return the number of requests per address before the measurements."""
    return 1 if workers == 1 else _PASSES_OF_SEVERAL_WORKERS
