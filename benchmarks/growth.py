"""The growth of cost with connections, stamps, addresses, and the share of changed stamps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.contenders import Ground
from benchmarks.copies import drop
from benchmarks.database import connected, copy_stamps, load, run, server_process
from benchmarks.load import write_addresses
from benchmarks.options import Options
from benchmarks.results import Growth, Measured, Point
from benchmarks.service_contender import ServiceContender, passes
from benchmarks.stamps import Advance, StampSet, provider_of, stamp_file
from passport_scorer.tools.embedded_postgres import EmbeddedServer

MOST_ADDRESSES = 10_000  # that are requested


class Sizes(NamedTuple):
    """The parameters that vary, and their values.

    Attributes:
        connections: the numbers of concurrent connections.
        stamps: the numbers of stamps per address.
        stamps_in_all: the maximum total number of stamps meanwhile.
        addresses: the number of addresses.
        shares: the percentages of an address's stamps that changed since it was scored.
        changing: the stamps that change.
    """

    connections: tuple[int, ...] = (1, 4, 16, 32, 64, 128, 256)
    stamps: tuple[int, ...] = (0, 1, 10, 50, 200)
    stamps_in_all: int = 20_000
    addresses: tuple[int, ...] = (1_000, 10_000)
    shares: tuple[int, ...] = (0, 10, 50, 100)
    changing: StampSet = StampSet(10_000, 10)


REHEARSED = Sizes(
    connections=(1, 32, 256),
    stamps=(0, 20),
    stamps_in_all=2_000,
    addresses=(100, 400),
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
        counts = [*self._sizes.addresses, *([100_000] if self._options.large else [])]
        points = []
        for addresses in counts:
            wanted = StampSet(addresses, 10)
            points.append(Point(addresses, self._at(wanted, f"growth: {addresses} addresses")))
        note = (
            f"32 connections; 10 stamps each; requests for {MOST_ADDRESSES:,} of the addresses,"
            " evenly spaced."
        )
        return Growth("addresses", "Addresses", "addresses", points, note)

    def _by_changes(self) -> Growth:
        """Measure one request per address, after a share of its stamps was renewed."""
        wanted = self._sizes.changing
        addresses = wanted.addresses
        renewed = StampSet(addresses, wanted.stamps, renewed=True)
        advance = self._note("growth: signing renewed stamps", addresses)
        file = stamp_file(renewed, self._cache, advance)
        points = []
        with self._service(wanted, "growth: changed stamps", workers=1) as (ground, service):
            asyncio.run(_keep_versions(ground.loaded.url, file))
            advance = self._note("growth: shares of changed stamps", len(self._sizes.shares))
            for share in self._sizes.shares:
                service.get_to_know(addresses, 1, lambda _: None)
                asyncio.run(_renew(ground.loaded.url, share * wanted.stamps // 100))
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
        workers = self._options.workers
        with self._service(wanted, what, workers=workers) as (ground, service):
            asked = len(ground.addresses.read_text().split())
            advance = self._note(f"{what}: warming up", passes(workers) * asked)
            service.get_to_know(asked, workers, advance)
            return self._measured(service, 32)

    @contextmanager
    def _service(
        self, wanted: StampSet, what: str, *, workers: int
    ) -> Iterator[tuple[Ground, ServiceContender]]:
        """Run the service on its own database until the end of the block."""
        advance = self._note(f"{what}: database", 2 * wanted.addresses)
        loaded = load(self._server, wanted, self._cache, advance)
        numbers = range(0, wanted.addresses, max(1, wanted.addresses // MOST_ADDRESSES))
        addresses = write_addresses(self._folder / f"addresses-{wanted.addresses}", numbers)
        ground = Ground(loaded, server_process(self._server), addresses, self._folder)
        with ExitStack() as stack:
            yield ground, ground.service(stack, "growth", workers=workers)
        drop(loaded.url)


async def _keep_versions(url: str, renewed: Path) -> None:
    """Store both versions of each stamp, so that one can replace the other."""
    async with connected(url) as connection:
        await connection.execute(
            "CREATE TABLE benchmark_version (LIKE ceramic_cache_ceramiccache INCLUDING DEFAULTS"
            " INCLUDING IDENTITY)"
        )
        await copy_stamps(connection, renewed, "benchmark_version")
        await connection.execute(
            "INSERT INTO benchmark_version OVERRIDING USER VALUE"
            " SELECT * FROM ceramic_cache_ceramiccache"
        )
    await run(
        url,
        "CREATE INDEX ON benchmark_version (address, provider)",
        "VACUUM (ANALYZE) benchmark_version",
    )


async def _renew(url: str, stamps: int) -> None:
    """Replace this number of stamps of each address with their other version."""
    providers: list[Any] = [provider_of(number) for number in range(stamps)]
    async with connected(url) as connection:
        await connection.execute(
            """
            UPDATE ceramic_cache_ceramiccache AS c
            SET stamp = v.stamp, proof_value = v.proof_value, updated_at = now(),
                issuance_date = v.issuance_date, expiration_date = v.expiration_date
            FROM benchmark_version AS v
            WHERE v.address = c.address
                AND v.provider = c.provider
                AND v.proof_value <> c.proof_value
                AND c.provider = ANY ($1)
            """,
            providers,
        )
    await run(url, "VACUUM (ANALYZE)", "CHECKPOINT")
