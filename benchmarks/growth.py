"""The growth of cost with connections, stamps, addresses, and the share of changed stamps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.changes import keep_versions, renew
from benchmarks.contenders import Ground
from benchmarks.database import load, server_process
from benchmarks.extrapolation import extrapolated
from benchmarks.filler import add_filler
from benchmarks.load import write_addresses
from benchmarks.options import Options
from benchmarks.pooler import pooler
from benchmarks.results import Growth, Measured, Point
from benchmarks.service_contender import ServiceContender, passes
from benchmarks.stamps import Advance, StampSet, stamp_file
from passport_scorer.tools.embedded_postgres import EmbeddedServer

_FILLER = (
    "The others have been made by SQL and are never requested: their rows and index entries are"
    " as many\nas those of scored addresses, but their documents are empty."
)
_NO_POOLER = "PgBouncer is not installed"


class Sizes(NamedTuple):
    """The parameters that vary, and their values.

    Attributes:
        connections: the numbers of concurrent connections.
        stamps: the numbers of stamps per address.
        stamps_in_all: the maximum total number of stamps meanwhile.
        addresses: the numbers of addresses.
        many_addresses: the same, also in a large run; most of these are filler.
        processes: the numbers of the service's processes, for a large run.
        with_processes: the stamps of these.
        shares: the percentages of an address's stamps that changed since it was scored.
        changing: the stamps that change.
    """

    connections: tuple[int, ...] = (1, 4, 16, 32, 64, 128, 256)
    stamps: tuple[int, ...] = (0, 1, 10, 50, 200)
    stamps_in_all: int = 20_000
    addresses: tuple[int, ...] = (1_000, 10_000)
    many_addresses: tuple[int, ...] = (100_000, 1_000_000)
    processes: tuple[int, ...] = (1, 2, 4, 8)
    with_processes: StampSet = StampSet(2_000, 10)
    shares: tuple[int, ...] = (0, 10, 50, 100)
    changing: StampSet = StampSet(10_000, 10)


REHEARSED = Sizes(
    connections=(1, 32, 256),
    stamps=(0, 20),
    stamps_in_all=2_000,
    addresses=(100, 400),
    many_addresses=(2_000,),
    processes=(1, 4),
    with_processes=StampSet(2_000, 10),
    shares=(0, 100),
    changing=StampSet(4_000, 2),
)

Note = Callable[[str, int], Advance]
"""Shows that a step has begun, and its size; returns a callback for its progress."""


class GrowthPlan:
    """Measures the growth curves of a run.

    Args:
        options: the options of the run.
        server: the server for the databases.
        cache: the folder of signed stamps.
        folder: for logs and other files.
        note: shows the progress.
    """

    def __init__(
        self, options: Options, server: EmbeddedServer, cache: Path, folder: Path, note: Note
    ) -> None:
        self._options = options
        self._server = server
        self._cache = cache
        self._folder = folder
        self._note = note
        self._sizes = REHEARSED if options.quick else Sizes()

    def curves(self) -> Iterator[Growth]:
        """Measure the curves that need their own databases, one after another."""
        yield self._by_stamps()
        yield self._by_addresses()
        yield self._by_changes()
        if self._options.large:
            yield self._by_processes()

    def by_connections(self, service: ServiceContender) -> Growth:
        """Measure a service with warm caches with more and more connections."""
        advance = self._note("growth: connections", len(self._sizes.connections))
        points = []
        for connections in self._sizes.connections:
            points.append(Point(connections, self._measured(service, connections)))
            advance(1)
        note = f"{self._options.addresses:,} addresses with {self._options.stamps} stamps each."
        return Growth("connections", "Connections", "connections", points, note)

    def _by_stamps(self) -> Growth:
        rows = self._sizes.stamps_in_all
        points = []
        for stamps in self._sizes.stamps:
            wanted = StampSet(min(2_000, rows // max(10, stamps)), stamps)
            points.append(Point(stamps, self._at(wanted, f"growth: {stamps} stamps")))
        note = f"32 connections; up to 2,000 addresses and {rows:,} stamps at each point."
        return Growth("stamps", "Stamps per address", "stamps per address", points, note)

    def _by_addresses(self) -> Growth:
        *few, real = self._sizes.addresses
        points = [
            Point(count, self._at(StampSet(count, 10), f"growth: {count} addresses"))
            for count in few
        ]
        note = (
            f"32 connections; 10 stamps each; requests for up to {real:,} of the addresses, evenly"
            " spaced."
        )
        what = f"growth: {real} addresses"
        with self._database(StampSet(real, 10), what) as ground:
            points.append(Point(real, self._warm(ground, what)))
            if self._options.large:
                points += self._with_filler(ground, real)
                note += "\n" + _FILLER
        return Growth(
            "addresses", "Addresses", "addresses", points, f"{note}\n{extrapolated(points)}"
        )

    def _with_filler(self, ground: Ground, real: int) -> Iterator[Point]:
        """Measure the same requests with more and more rows of other addresses."""
        before = real
        for count in self._sizes.many_addresses:
            what = f"growth: {count} addresses"
            advance = self._note(f"{what}: filler", count - before)
            add_filler(ground.loaded.url, range(before, count), advance)
            yield Point(count, self._warm(ground, what))
            before = count

    def _by_processes(self) -> Growth:
        """Measure processes of the service that share a transaction pooler and the cores."""
        points = []
        with (
            self._database(self._sizes.with_processes, "growth: processes") as ground,
            pooler(ground.loaded.url) as url,
        ):
            pooled = ground.behind(url) if url else ground
            for processes in self._sizes.processes:
                what = f"growth: {processes} processes"
                points.append(Point(processes, self._warm(pooled, what, processes)))
        behind = "behind PgBouncer (transaction mode)" if url else f"without a pooler: {_NO_POOLER}"
        note = f"32 connections; processes of the service on the same cores, {behind}."
        return Growth("processes", "Processes", "processes", points, note)

    def _by_changes(self) -> Growth:
        """Measure one request per address, after a share of its stamps was renewed."""
        wanted = self._sizes.changing
        addresses = wanted.addresses
        renewed = StampSet(addresses, wanted.stamps, renewed=True)
        advance = self._note("growth: signing renewed stamps", addresses)
        file = stamp_file(renewed, self._cache, advance)
        points = []
        with (
            self._database(wanted, "growth: changed stamps") as ground,
            self._service(ground, workers=1) as service,
        ):
            asyncio.run(keep_versions(ground.loaded.url, file))
            advance = self._note("growth: shares of changed stamps", len(self._sizes.shares))
            for share in self._sizes.shares:
                service.get_to_know(addresses, 1, lambda _: None)
                asyncio.run(renew(ground.loaded.url, share * wanted.stamps // 100))
                points.append(Point(share, self._in_order(service, addresses)))
                advance(1)
        note = (
            f"16 connections, 1 worker; {addresses:,} addresses with {wanted.stamps} stamps each."
            "\nEach address is requested once, in order, after this share of its stamps changed."
        )
        return Growth("changes", "Share of changed stamps", "changed stamps, %", points, note)

    @property
    def _seconds(self) -> float:
        return max(1.0, self._options.seconds / 2)

    def _measured(self, service: ServiceContender, connections: int) -> Measured:
        return service.measure(connections, self._seconds, self._options.warm_up)

    def _in_order(self, service: ServiceContender, addresses: int) -> Measured:
        measured = service.measure_in_order(16, self._seconds)
        if measured.requests > addresses:
            raise RuntimeError("More requests than addresses: some were asked for twice.")
        return measured

    def _at(self, wanted: StampSet, what: str) -> Measured:
        with self._database(wanted, what) as ground:
            return self._warm(ground, what)

    def _warm(self, ground: Ground, what: str, workers: int | None = None) -> Measured:
        workers = workers or self._options.workers
        with self._service(ground, workers=workers) as service:
            asked = len(ground.addresses.read_text().split())
            advance = self._note(f"{what}: warming up", passes(workers) * asked)
            service.get_to_know(asked, workers, advance)
            return self._measured(service, 32)

    @contextmanager
    def _database(self, wanted: StampSet, what: str) -> Iterator[Ground]:
        """Make a database for the block; it has no sessions."""
        advance = self._note(f"{what}: database", 2 * wanted.addresses)
        loaded = load(self._server, wanted, self._cache, advance)
        file = self._folder / f"addresses-{wanted.addresses}"
        addresses = write_addresses(file, range(wanted.addresses))
        ground = Ground(loaded, server_process(self._server), addresses, self._folder)
        with ground.on_a_copy("growth") as copy:
            yield copy

    @contextmanager
    def _service(self, ground: Ground, *, workers: int) -> Iterator[ServiceContender]:
        with ExitStack() as stack:
            yield ground.service(stack, "growth", workers=workers)
