"""The ratios and figures that a run is judged by, and their targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.extrapolation import FAR, at, per_tenfold
from benchmarks.options import (
    COLD,
    DATABASE,
    NEVER_SCORED,
    OLD,
    SEQUENTIAL,
    SERVICE,
    UNSCORED_SEQUENTIAL,
    YOUNG,
)
from benchmarks.results import Growth, Imports, Measured, Memory, Series, Spread

_REMEMBERED = 100_000  # stamps, in the name of a figure
_MANY_STAMPS = 200  # of one address, in the name of a figure


class Side(NamedTuple):
    """One side of a ratio: a measure of a contender with a number of connections."""

    measure: Callable[[Measured], float]
    contender: str
    connections: int


class Target(NamedTuple):
    """A target: the lower or upper bound of a ratio or a figure.

    Attributes:
        name: of the ratio or figure.
        word: "at least" or "at most".
        limit: the bound.
        what: a description.
        unit: of a figure; empty for a ratio.
    """

    name: str
    word: str
    limit: float
    what: str
    unit: str = ""

    def is_met(self, value: float) -> bool:
        """Return whether a value meets the target."""
        return value >= self.limit if self.word == "at least" else value <= self.limit


TARGETS = (
    Target("warm_c1_vs_sequential", "at least", 6.5, "requests/s, one connection"),
    Target("warm_c32_vs_sequential", "at least", 12, "requests/s, 32 connections"),
    Target("cold_c1_vs_sequential", "at least", 3, "requests/s, one connection, caches off"),
    Target("cold_c16_vs_sequential", "at least", 3.5, "requests/s, 16 connections, caches off"),
    Target("cold_c32_vs_sequential", "at least", 3.5, "requests/s, 32 connections, caches off"),
    Target("never_scored_vs_sequential", "at least", 1.6, "requests/s, addresses never scored"),
    Target("young_vs_old", "at least", 0.8, "requests/s, a young database, after a second"),
    Target("p99_vs_p50_c1", "at most", 2.5, "p99 relative to p50, one connection"),
    Target("p99_vs_p50_c32", "at most", 2, "p99 relative to p50, 32 connections"),
    Target("p50_c1_vs_pgbench", "at most", 1.7, "p50, one connection"),
    # 0.65 of what it was when a warm request took a read and a write: 0.349 and 0.116.
    Target("postgresql_cpu_c1_vs_sequential", "at most", 0.227, "PostgreSQL CPU, one connection"),
    Target("postgresql_cpu_c32_vs_sequential", "at most", 0.076, "PostgreSQL CPU, 32 connections"),
    Target("warm_c32_vs_pgbench", "at least", 1, "requests/s, 32 connections"),
    Target("p99_c32_vs_sequential", "at most", 0.25, "p99, 32 connections"),
    Target("warm_c256_vs_c32", "at least", 0.9, "requests/s, 256 connections"),
    Target("p99_c256_vs_c32", "at most", 8, "p99, 256 connections"),
    Target("memory_end_vs_warm", "at most", 1.2, "memory after all requests, relative to warm"),
    Target("python_cpu_ms_c32", "at most", 0.5, "Python CPU per request, 32 connections", "ms"),
    Target("first_score_ms", "at most", 350, "first score after the start of `serve`", "ms"),
    Target("lambda_import_ms", "at most", 220, "imports for Lambda", "ms"),
    Target("lambda_first_event_ms", "at most", 350, "first event of Lambda", "ms"),
    Target("memory_at_rest_mb", "at most", 50, "memory of an idle worker", "MB"),
    Target("memory_100k_stamps_mb", "at most", 160, "memory with 100,000 stamps cached", "MB"),
    Target(
        "warm_200_stamps_per_second", "at least", 800, "200 stamps per address, 32 connections",
        "requests/s",
    ),
)  # fmt: skip


def _rate(measured: Measured) -> float:
    return measured.requests_per_second


def _p50(measured: Measured) -> float:
    return measured.p50_ms


def _p99(measured: Measured) -> float:
    return measured.p99_ms


def _python(measured: Measured) -> float:
    return measured.python_cpu_ms


def _postgresql(measured: Measured) -> float:
    return measured.postgresql_cpu_ms


_RATIOS: Mapping[str, tuple[Side, Side]] = {
    "warm_c1_vs_sequential": (Side(_rate, SERVICE, 1), Side(_rate, SEQUENTIAL, 1)),
    "warm_c32_vs_sequential": (Side(_rate, SERVICE, 32), Side(_rate, SEQUENTIAL, 32)),
    "cold_c1_vs_sequential": (Side(_rate, COLD, 1), Side(_rate, SEQUENTIAL, 1)),
    "cold_c16_vs_sequential": (Side(_rate, COLD, 16), Side(_rate, SEQUENTIAL, 16)),
    "cold_c32_vs_sequential": (Side(_rate, COLD, 32), Side(_rate, SEQUENTIAL, 32)),
    "never_scored_vs_sequential": (
        Side(_rate, NEVER_SCORED, 16),
        Side(_rate, UNSCORED_SEQUENTIAL, 16),
    ),
    "young_vs_old": (Side(_rate, YOUNG, 4), Side(_rate, OLD, 4)),
    "p99_vs_p50_c1": (Side(_p99, SERVICE, 1), Side(_p50, SERVICE, 1)),
    "p99_vs_p50_c32": (Side(_p99, SERVICE, 32), Side(_p50, SERVICE, 32)),
    "p99_c32_vs_sequential": (Side(_p99, SERVICE, 32), Side(_p99, SEQUENTIAL, 32)),
    "p50_c1_vs_pgbench": (Side(_p50, SERVICE, 1), Side(_p50, DATABASE, 1)),
    "warm_c32_vs_pgbench": (Side(_rate, SERVICE, 32), Side(_rate, DATABASE, 32)),
    "postgresql_cpu_c1_vs_sequential": (
        Side(_postgresql, SERVICE, 1),
        Side(_postgresql, SEQUENTIAL, 1),
    ),
    "postgresql_cpu_c32_vs_sequential": (
        Side(_postgresql, SERVICE, 32),
        Side(_postgresql, SEQUENTIAL, 32),
    ),
    "warm_c256_vs_c32": (Side(_rate, SERVICE, 256), Side(_rate, SERVICE, 32)),
    "p99_c256_vs_c32": (Side(_p99, SERVICE, 256), Side(_p99, SERVICE, 32)),
}
_FIGURES: Mapping[str, Side] = {
    "postgresql_cpu_ms_c1": Side(_postgresql, SERVICE, 1),
    "postgresql_cpu_ms_c32": Side(_postgresql, SERVICE, 32),
    "python_cpu_ms_c1": Side(_python, SERVICE, 1),
    "python_cpu_ms_c32": Side(_python, SERVICE, 32),
}


def ratios_of(series: Sequence[Series], memory: Memory | None = None) -> dict[str, Spread]:
    """Return each ratio with both sides measured: within each round, then over the rounds."""
    found = {(each.contender, each.connections): each.rounds for each in series}
    ratios = {}
    for name, (above, below) in _RATIOS.items():
        if above[1:] in found and below[1:] in found:
            rounds = zip(found[above[1:]], found[below[1:]], strict=True)
            ratios[name] = Spread.of(
                above.measure(one) / below.measure(other) for one, other in rounds
            )
    if memory:
        ratios["memory_end_vs_warm"] = Spread.of([memory.at_end / memory.warm])
    return ratios


def figures_of(
    series: Sequence[Series],
    growth: Sequence[Growth],
    memory: Memory | None,
    imports: Sequence[Imports],
    start_up: Mapping[str, float],
) -> dict[str, float]:
    """Return the figures of everything that was measured.

    Args:
        series: the comparison.
        growth: how cost grows.
        memory: of the service.
        imports: the last is that of the Lambda entry as it is.
        start_up: figures of `start_up.py`.
    """
    found = {(each.contender, each.connections): each for each in series}
    figures = {
        name: found[side[1:]].spread(side.measure).median
        for name, side in _FIGURES.items()
        if side[1:] in found
    }
    if memory:
        figures["memory_at_rest_mb"] = memory.at_rest
        if memory.stamps == _REMEMBERED:
            figures["memory_100k_stamps_mb"] = memory.warm
    if imports:
        figures["lambda_import_ms"] = imports[-1].milliseconds
    for curve in growth:
        for point in curve.points:
            if (curve.name, point.size) == ("stamps", _MANY_STAMPS):
                figures["warm_200_stamps_per_second"] = point.measured.requests_per_second
        if curve.name == "addresses":
            figures["addresses_rate_per_tenfold"] = per_tenfold(curve.points)
            figures["addresses_10m_extrapolated_per_second"] = at(curve.points, FAR)
    return figures | dict(start_up)
