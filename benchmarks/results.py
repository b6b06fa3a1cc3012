"""The results: measurements, their medians and ranges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median

import msgspec


class Measured(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measurement.

    Attributes:
        requests: the number of responses, or of transactions with pgbench.
        requests_per_second: the same per second.
        p50_ms: the median latency.
        p99_ms: the 99th percentile of the latencies.
        python_cpu_ms: CPU time of the service's processes per request.
        postgresql_cpu_ms: CPU time of the database server per request.
        by_second: the requests per second of each second, if measured second by second; all other
            attributes then leave out the first.
    """

    requests: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    python_cpu_ms: float
    postgresql_cpu_ms: float
    by_second: list[float] = []


class Spread(msgspec.Struct, frozen=True):
    """The median and the range of some rounds."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Return the spread of one or more values."""
        ordered = sorted(values)
        return cls(median(ordered), ordered[0], ordered[-1])


class Series(msgspec.Struct, frozen=True):
    """The measurements of a contender with a number of connections, one per round."""

    contender: str
    title: str
    connections: int
    rounds: list[Measured]

    def spread(self, figure: Callable[[Measured], float]) -> Spread:
        """Return the median and the range of a measure over the rounds."""
        return Spread.of(map(figure, self.rounds))


class Point(msgspec.Struct, frozen=True):
    """The measurement at one size."""

    size: float
    measured: Measured


class Growth(msgspec.Struct, frozen=True):
    """A scaling measurement.

    Attributes:
        name: of the plot's file.
        title: the varied parameter.
        axis: the unit of the size.
        points: in the order of the size.
        note: the method.
    """

    name: str
    title: str
    axis: str
    points: list[Point]
    note: str


class Memory(msgspec.Struct, frozen=True):
    """The memory of the largest worker in megabytes.

    Attributes:
        at_rest: after its start.
        warm: with nearly every address cached.
        at_end: after everything.
        requests: the number of responses of its service between the last two.
        stamps: the number of stamps that were cached when it was warm.
    """

    at_rest: float
    warm: float
    at_end: float
    requests: int
    stamps: int


class Imports(msgspec.Struct, frozen=True):
    """The cost of an import.

    Attributes:
        what: the module, and the variant.
        milliseconds: as `-X importtime` counts them, without Python's own start.
        wall_milliseconds: the time of a process that does it, less one that does nothing.
        largest: module -> its own milliseconds, the largest ten.
    """

    what: str
    milliseconds: float
    wall_milliseconds: float
    largest: dict[str, float]


class Results(msgspec.Struct, frozen=True):
    """The results of a run.

    Attributes:
        machine: the machine of the run.
        options: the options of the run.
        ratios: name -> the median of the rounds.
        ratio_ranges: name -> its range over the rounds.
        figures: name -> a value with a unit; the last part of the name is the unit.
        series: the comparison.
        growth: how cost grows.
        memory: of the service.
        imports: of the server, and of the Lambda entry with all lazy imports, and as it is.
    """

    machine: dict[str, str]
    options: dict[str, object]
    ratios: dict[str, float]
    ratio_ranges: dict[str, Spread]
    figures: dict[str, float]
    series: list[Series]
    growth: list[Growth]
    memory: Memory | None
    imports: list[Imports]
