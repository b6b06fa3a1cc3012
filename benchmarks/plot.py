"""Small charts as SVG: bars with their range, and a line with two axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from benchmarks.results import Spread

_WIDTH, _LEFT, _RIGHT = 720, 90, 90
_HEIGHT, _TOP, _BOTTOM = 340, 50, 60
_BAR, _GAP, _LABELS = 18, 10, 330
_BLUE, _RED, _GREY = "#2563a8", "#c0392b", "#777777"
_STYLE = "font-family='sans-serif' font-size='12'"

XY = tuple[float, float]


def bars(title: str, unit: str, values: Sequence[tuple[str, Spread]]) -> str:
    """Return a chart of labelled bars; a thin line shows the range.

    Args:
        title: above everything.
        unit: of the values.
        values: label -> value, from the top.
    """
    most = max(spread.max for _, spread in values) or 1
    scale = (_WIDTH - _LABELS - 80) / most
    parts = [_text(10, 22, title, size=15), _text(10, 40, unit, colour=_GREY)]
    for i, (label, spread) in enumerate(values):
        y = 60 + i * (_BAR + _GAP)
        length = spread.median * scale
        parts += [
            _text(_LABELS - 8, y + 13, label, anchor="end"),
            f"<rect x='{_LABELS}' y='{y}' width='{length:.1f}' height='{_BAR}' fill='{_BLUE}'/>",
            _line(
                (_LABELS + spread.min * scale, y + 9), (_LABELS + spread.max * scale, y + 9), _RED
            ),
            _text(_LABELS + spread.max * scale + 6, y + 13, _number(spread.median)),
        ]
    return _svg(parts, 70 + len(values) * (_BAR + _GAP))


def curves(title: str, axis: str, left: Sequence[XY], right: Sequence[XY]) -> str:
    """Return a chart of requests/s (left axis) and p99 in ms (right axis), both from zero.

    Args:
        title: above everything.
        axis: what is below the horizontal axis.
        left: size and requests/s.
        right: size and p99 in ms.
    """
    parts = [
        _text(10, 22, title, size=15),
        _text(10, 40, "requests/s", colour=_BLUE),
        _text(_WIDTH - 10, 40, "p99, ms", colour=_RED, anchor="end"),
        _text(_WIDTH / 2, _HEIGHT - 12, axis, anchor="middle", colour=_GREY),
    ]
    for points, colour, x in ((left, _BLUE, _LEFT), (right, _RED, _WIDTH - _RIGHT)):
        step = _step(max(y for _, y in points))
        anchor, aside = ("end", -8) if x == _LEFT else ("start", 8)
        for i in range(5):
            y = _y(i, 4)
            parts.append(_text(x + aside, y + 4, _number(i * step), anchor=anchor, colour=colour))
        at = [(_x(i, len(points)), _y(y, 4 * step)) for i, (_, y) in enumerate(points)]
        parts += [_line(one, other, colour) for one, other in pairwise(at)]
        parts += [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3' fill='{colour}'/>" for x, y in at]
    grid = [_line((_LEFT, _y(i, 4)), (_WIDTH - _RIGHT, _y(i, 4)), "#dddddd") for i in range(5)]
    for i, (size, _) in enumerate(left):
        label = _text(_x(i, len(left)), _HEIGHT - _BOTTOM + 20, _number(size), anchor="middle")
        parts.append(label)
    return _svg(grid + parts, _HEIGHT)


def _x(index: int, count: int) -> float:
    """Sizes are evenly spaced: they grow by factors."""
    return _LEFT + 20 + index * (_WIDTH - _LEFT - _RIGHT - 40) / max(1, count - 1)


def _y(value: float, most: float) -> float:
    return _HEIGHT - _BOTTOM - value / most * (_HEIGHT - _TOP - _BOTTOM)


def _step(most: float) -> float:
    """Return a round number, four of which reach above `most`."""
    power: float = 10 ** math.floor(math.log10(max(most, 0.01) / 4))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if 4 * factor * power >= most)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.2g}"


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", colour: str = "#222222", size: int = 12
) -> str:
    place = f"x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'"
    return f"<text {place} fill='{colour}' font-size='{size}'>{escape(text)}</text>"


def _line(one: XY, other: XY, colour: str) -> str:
    ends = f"x1='{one[0]:.1f}' y1='{one[1]:.1f}' x2='{other[0]:.1f}' y2='{other[1]:.1f}'"
    return f"<line {ends} stroke='{colour}' stroke-width='2'/>"


def _svg(parts: Sequence[str], height: int) -> str:
    size = f"width='{_WIDTH}' height='{height}' viewBox='0 0 {_WIDTH} {height}'"
    background = "<rect width='100%' height='100%' fill='white'/>"
    body = "\n".join([background, *parts])
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size} {_STYLE}>\n{body}\n</svg>\n"
