"""Growth beyond what can be measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import linear_regression

from benchmarks.results import Point

FAR = 10_000_000


def per_tenfold(points: Sequence[Point]) -> float:
    """Return the factor of the requests per second for ten times the size (least squares).

    Raises:
        statistics.StatisticsError: there are fewer than two sizes.
    """
    return math.exp(_line(points)[0] * math.log(10))


def at(points: Sequence[Point], size: float) -> float:
    """Return the requests per second at a size, on the same line."""
    slope, intercept = _line(points)
    return math.exp(intercept + slope * math.log(size))


def extrapolated(points: Sequence[Point]) -> str:
    """Return a sentence about the slope, and what it means at `FAR`."""
    return (
        f"Ten times the addresses make {per_tenfold(points):.2f} times the requests per second"
        f" (least squares).\nExtrapolated, not measured: {at(points, FAR):,.0f} requests/s with"
        f" {FAR:,} addresses."
    )


def _line(points: Sequence[Point]) -> tuple[float, float]:
    sizes = [math.log(point.size) for point in points]
    rates = [math.log(point.measured.requests_per_second) for point in points]
    slope, intercept = linear_regression(sizes, rates)
    return slope, intercept
