"""What is measured in turn: the service in its ways, the database alone, the usual design."""

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
# Requests are spread over the workers by chance, and each worker has to get to know each
# address: after so many passes all but one in two hundred pairs of the two have met.
_PASSES_OF_SEVERAL_WORKERS = 8
_LAST_REQUESTS = 0.5  # seconds; what was asked for at the end is finished before the next begins


class Contender(Protocol):
    """Something that is measured."""

    name: str
    title: str
    connections: tuple[int, ...]

    @abstractmethod
    def measure(self, connections: int, seconds: float, warm_up: float) -> Measured:
        """Measure it under the load of so many connections."""


class ServiceContender:
    """A service that is asked over HTTP.

    Args:
        name: one of `options.NAMES`.
        title: what it is, for people.
        connections: numbers of connections to measure with.
        service: where it is.
        load: what it is asked.
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
        """Measure it under the load of so many connections."""
        if warm_up:
            self._send(lambda: self._load.send(connections, warm_up))
        return self._measured(lambda: self._load.send(connections, seconds))

    def measure_in_order(self, connections: int, seconds: float) -> Measured:
        """Measure it with requests for one address after the other, from the first."""
        return self._measured(lambda: self._load.send(connections, seconds, "sequence", 0))

    def get_to_know(self, addresses: int, workers: int, advance: Callable[[int], None]) -> None:
        """Ask for each address so often that each worker knows nearly all of them.

        Args:
            addresses: how many there are in the file of the load.
            workers: how many there are.
            advance: is told of so many more requests that are done.
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
        program: pgbench.
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
        """Measure it with so many clients."""
        before, began = self._postgresql.cpu_seconds(), time.monotonic()
        result = pgbench.run(
            self._loaded, self._program, self._folder, connections, seconds, warm_up
        )
        used = self._postgresql.cpu_seconds() - before
        share = result.seconds / (time.monotonic() - began)  # of it was counted, about
        return Measured(
            requests=result.transactions,
            requests_per_second=result.transactions / result.seconds,
            p50_ms=result.p50_ms,
            p99_ms=result.p99_ms,
            python_cpu_ms=0,
            postgresql_cpu_ms=used * share * 1000 / result.transactions,
        )


class Ground(msgspec.Struct, frozen=True):
    """Where everything is measured.

    Attributes:
        loaded: the database.
        postgresql: its server's process.
        addresses: the file with the addresses that are asked for.
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
        remembers: bool = True,
        connections: tuple[int, ...] = CONNECTIONS,
    ) -> ServiceContender:
        """Start the service; it ends with the stack.

        Args:
            stack: what ends it.
            name: one of `options.NAMES`.
            workers: how many processes.
            remembers: False if it shall verify each signature each time.
            connections: numbers of connections to measure with.
        """
        room = 2 * self.loaded.addresses * self.loaded.stamps if remembers else 0
        environment = {
            "DATABASE_URL": self.loaded.url,
            "TRUSTED_IAM_ISSUERS": f'["{TRUSTED_ISSUER}"]',
            "REMEMBERED_STAMPS": str(room),
        }
        module = ["passport_scorer.cli", "serve", "--port", "{port}", "--workers", str(workers)]
        module += ["--internal-port", "{internal_port}"]  # else there are no metrics
        title = f"the service, {workers} worker{'s' if workers > 1 else ''}"
        title += "" if remembers else ", caches off"
        return self._started(stack, name, title, module, environment, connections)

    def sequential(self, stack: ExitStack, *, workers: int) -> ServiceContender:
        """Start the usual design; it ends with the stack."""
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
    """Return how often each address is asked for before anything is measured."""
    return 1 if workers == 1 else _PASSES_OF_SEVERAL_WORKERS
