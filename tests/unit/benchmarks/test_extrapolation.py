"""The slope of growth, and what it says about larger databases."""

from __future__ import annotations

import pytest

from benchmarks.extrapolation import at, extrapolated, per_tenfold
from benchmarks.results import Measured, Point


def points(rates: dict[int, float]) -> list[Point]:
    """Return the points of a curve: size -> requests per second."""
    return [Point(size, Measured(1, rate, 1, 1, 1, 1)) for size, rate in rates.items()]


def test_a_flat_curve_stays_flat() -> None:
    """Ten times as many addresses change nothing."""
    flat = points({1_000: 2_000, 10_000: 2_000, 100_000: 2_000})
    assert per_tenfold(flat) == pytest.approx(1)
    assert at(flat, 10_000_000) == pytest.approx(2_000)


def test_a_falling_curve_falls_on() -> None:
    """Each tenfold costs a tenth, also beyond the last size."""
    falling = points({1_000: 1_000, 10_000: 900, 100_000: 810})
    assert per_tenfold(falling) == pytest.approx(0.9)
    assert at(falling, 10_000_000) == pytest.approx(1_000 * 0.9**4)


def test_the_report_says_that_it_is_extrapolated() -> None:
    """It names the slope, the size and the result."""
    text = extrapolated(points({1_000: 1_024, 10_000: 512}))
    assert "0.50 times" in text
    assert "Extrapolated, not measured: 64 requests/s with 10,000,000 addresses." in text
