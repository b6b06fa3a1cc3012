"""Contenders that know nothing: a new process on a new copy of a database for each measurement."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.contenders import Ground
from benchmarks.copies import old_with_unscored, young
from benchmarks.database import Loaded
from benchmarks.load import write_addresses
from benchmarks.options import (
    NEVER_SCORED,
    OLD,
    SEQUENTIAL,
    UNSCORED_SEQUENTIAL,
    YOUNG,
    Options,
)
from benchmarks.results import Measured
from benchmarks.service_contender import ServiceContender
from benchmarks.stamps import Advance, StampSet
from passport_scorer.tools.embedded_postgres import EmbeddedServer

YOUNG_ADDRESSES = 2_000  # as long as there are as many never scored
YOUNG_CONNECTIONS = 4
_LEAST_SECONDS = 3

Note = Callable[[str, int], Advance]


class Fresh:
    """A contender with a new process, and a new copy of a database, for each measurement.

    Args:
        name: one of `options.NAMES`, or its counterpart.
        title: the name in the report.
        connections: the number of connections.
        ground: the database to copy.
        start: starts the service; the stack stops it.
        how: measures it with a number of connections for a number of seconds.
    """

    def __init__(
        self,
        name: str,
        title: str,
        connections: int,
        ground: Ground,
        start: Callable[[Ground, ExitStack], ServiceContender],
        how: Callable[[ServiceContender, int, float], Measured],
    ) -> None:
        self.name, self.title = name, title
        self.connections: tuple[int, ...] = (connections,)
        self._ground, self._start, self._how = ground, start, how

    def measure(self, connections: int, seconds: float, warm_up: float) -> Measured:  # noqa: ARG002
        """Measure it with this number of connections, without a warm-up."""
        with self._ground.on_a_copy(self.name) as ground, ExitStack() as stack:
            return self._how(self._start(ground, stack), connections, seconds)


def fresh_contenders(
    options: Options, ground: Ground, server: EmbeddedServer, cache: Path, note: Note
) -> list[Fresh]:
    """Return the requested ones, and create the databases that they copy.

    Args:
        options: the options of the run.
        ground: the database of the run, which has no sessions yet, and its files.
        server: the server, for another database.
        cache: the folder of signed stamps.
        note: shows the progress.
    """
    wanted = set(options.names)
    if not wanted & {NEVER_SCORED, YOUNG}:
        return []
    unscored = _unscored(ground)
    contenders = []
    if NEVER_SCORED in wanted:
        contenders += _never_scored(options, unscored)
    if YOUNG in wanted:
        addresses = min(YOUNG_ADDRESSES, unscored.loaded.addresses)
        advance = note("a young database", addresses)
        empty = young(server, StampSet(addresses, options.stamps), cache, advance)
        contenders += _young_and_old(options, _reduced(unscored, addresses), empty)
    return contenders


def _unscored(ground: Ground) -> Ground:
    """Make a copy with the last half of the addresses as if they had never been scored."""
    addresses = ground.loaded.addresses
    numbers = range(addresses - addresses // 2, addresses)
    file = write_addresses(ground.folder / "addresses-unscored", numbers)
    loaded = old_with_unscored(ground.loaded, numbers)
    return msgspec.structs.replace(ground, loaded=loaded, addresses=file)


def _reduced(ground: Ground, addresses: int) -> Ground:
    """Request only the first of the addresses."""
    file = ground.folder / "addresses-old"
    chosen = ground.addresses.read_text().split()[:addresses]
    file.write_text("".join(f"{address}\n" for address in chosen))
    loaded = msgspec.structs.replace(ground.loaded, addresses=addresses)
    return msgspec.structs.replace(ground, loaded=loaded, addresses=file)


def _never_scored(options: Options, unscored: Ground) -> list[Fresh]:
    def once(service: ServiceContender, connections: int, seconds: float) -> Measured:
        return service.measure_once(connections, seconds, unscored.loaded.addresses)

    title = f"{_workers(options)}, addresses never scored"
    serve = partial(_service, options)
    contenders = [Fresh(NEVER_SCORED, title, 16, unscored, serve, once)]
    if SEQUENTIAL in options.names:
        title = f"the sequential design, {options.cores} workers, addresses never scored"
        sequential = partial(_sequential, options)
        contenders.append(Fresh(UNSCORED_SEQUENTIAL, title, 16, unscored, sequential, once))
    return contenders


def _young_and_old(options: Options, old: Ground, empty: Loaded) -> list[Fresh]:
    def by_second(service: ServiceContender, connections: int, seconds: float) -> Measured:
        return service.measure_by_second(connections, max(_LEAST_SECONDS, round(2 * seconds)))

    addresses = write_addresses(old.folder / "addresses-young", range(empty.addresses))
    ground = msgspec.structs.replace(old, loaded=empty, addresses=addresses)
    serve = partial(_service, options)
    return [
        Fresh(name, f"{_workers(options)}, {title}", YOUNG_CONNECTIONS, each, serve, by_second)
        for name, title, each in (
            (YOUNG, "a young database", ground),
            (OLD, "the same load on an old database", old),
        )
    ]


def _service(options: Options, ground: Ground, stack: ExitStack) -> ServiceContender:
    return ground.service(stack, NEVER_SCORED, workers=options.workers)


def _sequential(options: Options, ground: Ground, stack: ExitStack) -> ServiceContender:
    return ground.sequential(stack, workers=options.cores)


def _workers(options: Options) -> str:
    return f"the service, {options.workers} worker{'s' if options.workers > 1 else ''}"
