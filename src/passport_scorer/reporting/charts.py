"""Charts as SVG: inline elements that a page styles, and files with a style of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, tostring

from passport_scorer.reporting.svg import (
    Frame,
    Point,
    add,
    add_line,
    add_polyline,
    add_text,
    inline_svg,
    svg_file,
    written_file,
)

# Percentiles are spaced by their number of nines: the tail is what clients wait for.
_MOST_NINES = 3.0
_PERCENTILE_TICKS = ((0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"))
_SHORTEST = 1e-4  # seconds
_INTERVALS = 4  # of an axis that starts at zero


class Bar(NamedTuple):
    """A labeled value with the range of its measurements."""

    label: str
    value: float
    low: float
    high: float


class Series(NamedTuple):
    """A line with an axis of its own: points are (size, value)."""

    label: str
    points: Sequence[Point]


def percentile_chart(description: str, curves: Mapping[str, Sequence[Point]]) -> str:
    """Return an inline chart of latency percentiles, on a logarithmic axis.

    Args:
        description: the text alternative.
        curves: CSS class -> points (share of the responses, seconds); at least one point in total.
    """
    frame = Frame(520, 220, 58, 14, 10, 30)
    seconds = [value for points in curves.values() for _, value in points]
    low, high = _decades(min(seconds), max(seconds))
    svg = inline_svg("latency", frame.width, frame.height, description)
    for power in range(low, high + 1):
        y = frame.y((power - low) / (high - low))
        add_line(svg, (frame.left, y), (frame.width - frame.right, y), "grid")
        add_text(svg, (frame.left - 6, y + 4), _duration(power), anchor="end")
    for share, label in _PERCENTILE_TICKS:
        anchor = "end" if share == _PERCENTILE_TICKS[-1][0] else "middle"
        add_text(svg, (frame.x(_nines(share)), frame.height - 8), label, anchor=anchor)
    for css_class, points in curves.items():
        placed = [
            (frame.x(_nines(share)), frame.y((_log(value) - low) / (high - low)))
            for share, value in points
        ]
        add_polyline(svg, placed, css_class)
    return tostring(svg, "unicode")


def timeline_chart(
    description: str, counts: Sequence[tuple[float, int]], width: float, period: Point
) -> str:
    """Return an inline chart of small bars that show when something happened.

    Args:
        description: the text alternative.
        counts: (start of a span, how often it happened in it), in seconds; at least one.
        width: the seconds of a span.
        period: the start and the end of the axis, in seconds.
    """
    start, end = period
    frame = Frame(300, 36, 0, 0, 2, 0)
    svg = inline_svg("timeline", frame.width, frame.height, description)
    svg.set("preserveAspectRatio", "none")
    add_line(svg, (0, frame.height - 0.5), (frame.width, frame.height - 0.5), "grid")
    most = max(count for _, count in counts)
    for begin, count in counts:
        if count:
            top = min(frame.y(count / most), frame.height - 2.0)
            wide = max(1.5, width / (end - start) * frame.width - 0.5)
            left = frame.x((begin - start) / (end - start))
            add(svg, "rect", x=left, y=top, width=wide, height=frame.height - top)
    return tostring(svg, "unicode")


def bar_chart(title: str, unit: str, bars: Sequence[Bar]) -> str:
    """Return a file with horizontal bars; a thin line shows the range.

    Args:
        title: the heading.
        unit: the unit of the values.
        bars: from the top.
    """
    row, bar = 28, 18
    frame = Frame(720, 70 + len(bars) * row, 330, 80, 60, 10)
    most = max(each.high for each in bars) or 1
    svg = svg_file(frame, title)
    add_text(svg, (10, 40), unit, "quiet")
    for number, each in enumerate(bars):
        top = frame.top + number * row
        add_text(svg, (frame.left - 8, top + 13), each.label, anchor="end")
        length = frame.x(each.value / most) - frame.left
        add(svg, "rect", x=frame.left, y=top, width=length, height=bar, class_="bar")
        low, high = frame.x(each.low / most), frame.x(each.high / most)
        add_line(svg, (low, top + bar / 2), (high, top + bar / 2), "range")
        add_text(svg, (high + 6, top + 13), _number(each.value))
    return written_file(svg)


def dual_axis_chart(title: str, axis: str, left: Series, right: Series) -> str:
    """Return a file with two lines over the same sizes, each with its axis from zero.

    Args:
        title: the heading.
        axis: the label of the horizontal axis.
        left: the line whose axis is on the left.
        right: the line whose axis is on the right.
    """
    frame = Frame(720, 340, 90, 90, 50, 60)
    svg = svg_file(frame, title)
    add_text(svg, (10, 40), left.label, "left")
    add_text(svg, (frame.width - 10, 40), right.label, "right", anchor="end")
    add_text(svg, (frame.width / 2, frame.height - 12), axis, "quiet", anchor="middle")
    for interval in range(_INTERVALS + 1):
        y = frame.y(interval / _INTERVALS)
        add_line(svg, (frame.left, y), (frame.width - frame.right, y), "grid")
    # Sizes grow by factors, so they are evenly spaced.
    xs = [
        frame.x(0.04 + 0.92 * number / max(1, len(left.points) - 1))
        for number in range(len(left.points))
    ]
    for x, (size, _) in zip(xs, left.points, strict=True):
        add_text(svg, (x, frame.height - frame.bottom + 20), _number(size), anchor="middle")
    _with_axis(svg, frame, left, xs, "left")
    _with_axis(svg, frame, right, xs, "right")
    return written_file(svg)


def _with_axis(
    svg: Element, frame: Frame, series: Series, xs: Sequence[float], css_class: str
) -> None:
    """Draw a line with the labels of its axis."""
    step = _step(max(value for _, value in series.points))
    at, anchor = (frame.left - 8, "end") if css_class == "left" else (frame.x(1) + 8, "start")
    for interval in range(_INTERVALS + 1):
        y = frame.y(interval / _INTERVALS)
        add_text(svg, (at, y + 4), _number(interval * step), css_class, anchor=anchor)
    values = [value for _, value in series.points]
    placed = [
        (x, frame.y(value / (_INTERVALS * step))) for x, value in zip(xs, values, strict=True)
    ]
    add_polyline(svg, placed, css_class)
    for x, y in placed:
        add(svg, "circle", cx=x, cy=y, r=3, class_=css_class)


def _decades(least: float, most: float) -> tuple[int, int]:
    """Return the ends of a logarithmic axis, as powers of ten."""
    low, high = math.floor(_log(least)), math.ceil(_log(most))
    return low, max(high, low + 1)


def _log(seconds: float) -> float:
    return math.log10(max(seconds, _SHORTEST))


def _nines(share: float) -> float:
    """Return the place of a percentile on its axis, 0 to 1."""
    return min(1.0, -math.log10(max(1 - share, 1e-9)) / _MOST_NINES)


def _duration(power: int) -> str:
    return f"{10 ** (power + 3):g} ms" if power < 0 else f"{10**power:g} s"


def _step(most: float) -> float:
    """Return a round number, four of which reach `most`."""
    power: float = 10 ** math.floor(math.log10(max(most, 0.01) / _INTERVALS))
    return next(
        factor * power for factor in (1, 2, 2.5, 5, 10) if _INTERVALS * factor * power >= most
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.2g}"
