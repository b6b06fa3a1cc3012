"""Plots as inline SVG: they need nothing else, and take their colours from the page."""

from __future__ import annotations

import math
from html import escape

from passport_scorer.tools.shadow.latencies import Latencies, Timeline
from passport_scorer.tools.shadow.report.formatting import duration, moment, number

_WIDTH, _HEIGHT = 520, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 10, 30
# Percentiles are drawn by how many nines they have: the tail is what people wait for.
_TICKS = ((0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"))
_FEWEST_SPANS = 8
_MOST_NINES = 3.0


def latency_chart(name: str, control: Latencies, candidate: Latencies) -> str:
    """Return a plot of the percentiles of both: further right are the slower answers.

    Args:
        name: of the endpoint.
        control: its latencies there; there must be some on either side.
        candidate: its latencies there.
    """
    both = [
        seconds
        for each in (control, candidate)
        for share in (0.001, 0.999)
        if (seconds := each.quantile(share)) is not None
    ]
    low, high = _decades(min(both), max(both))
    sentence = (
        f"Latency of {name}. Half of the answers: control {duration(control.quantile(0.5))},"
        f" candidate {duration(candidate.quantile(0.5))}. 99 %: control"
        f" {duration(control.quantile(0.99))}, candidate {duration(candidate.quantile(0.99))}."
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" class="latency">'
        f"<title>{escape(sentence)}</title>{_axes(low, high)}"
        f"{_curve(control, low, high, 'control')}{_curve(candidate, low, high, 'candidate')}</svg>"
    )


def _decades(least: float, most: float) -> tuple[float, float]:
    """The axis's ends, powers of ten of seconds."""
    low = math.floor(math.log10(max(least, 1e-4)))
    high = math.ceil(math.log10(max(most, 1e-4)))
    return float(low), float(max(high, low + 1))


def _x(share: float) -> float:
    nines = min(_MOST_NINES, -math.log10(max(1 - share, 1e-9)))
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * nines / _MOST_NINES


def _y(seconds: float, low: float, high: float) -> float:
    share = (math.log10(max(seconds, 1e-4)) - low) / (high - low)
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * min(1.0, max(0.0, share))


def _axes(low: float, high: float) -> str:
    parts = []
    for power in range(int(low), int(high) + 1):
        y = _y(10.0**power, low, high)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_tick(power)}</text>'
        )
    for share, label in _TICKS:
        anchor = "end" if share == 0.999 else "middle"
        parts.append(
            f'<text x="{_x(share):.1f}" y="{_HEIGHT - 8}" text-anchor="{anchor}">{label}</text>'
        )
    return "".join(parts)


def _tick(power: int) -> str:
    return f"{10 ** (power + 3):g} ms" if power < 0 else f"{10**power:g} s"


def _curve(latencies: Latencies, low: float, high: float, css_class: str) -> str:
    shares = [1 - 10 ** -(step * _MOST_NINES / 60) for step in range(61)]
    points = []
    for share in shares:
        if share and (1 - share) * latencies.count < 1:
            break  # fewer answers than that have no such percentile
        seconds = latencies.quantile(max(share, 1e-9))
        if seconds is not None:
            points.append(f"{_x(share):.1f},{_y(seconds, low, high):.1f}")
    return f'<polyline class="{css_class}" points="{" ".join(points)}"/>' if points else ""


def timeline_chart(timeline: Timeline, traffic: Timeline) -> str:
    """Return small bars that show when something happened, on the axis of all traffic.

    Nothing if all of it took a few moments: there would be nothing to see.
    """
    if timeline.start is None or not timeline.counts:
        return ""
    start = min(timeline.start, traffic.start if traffic.start is not None else timeline.start)
    end = max(timeline.end, traffic.end)
    span = max(end - start, timeline.width)
    if span < _FEWEST_SPANS * timeline.width:
        return ""
    most, width, height = max(timeline.counts), 300, 36
    bars = []
    for i, count in enumerate(timeline.counts):
        if count:
            x = (timeline.start + i * timeline.width - start) / span * width
            tall = max(2.0, count / most * (height - 2))
            bars.append(
                f'<rect x="{x:.1f}" y="{height - tall:.1f}" height="{tall:.1f}"'
                f' width="{max(1.5, timeline.width / span * width - 0.5):.1f}"/>'
            )
    sentence = (
        f"When it happened, from {moment(start)} to {moment(end)};"
        f" at most {number(most)} times in {timeline.width:g} seconds."
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" class="timeline"'
        f' preserveAspectRatio="none"><title>{escape(sentence)}</title>'
        f'<line class="grid" x1="0" x2="{width}" y1="{height - 0.5}" y2="{height - 0.5}"/>'
        f"{''.join(bars)}</svg>"
        f'<div class="ends quiet"><span>{moment(start)}</span><span>{moment(end)}</span></div>'
    )
