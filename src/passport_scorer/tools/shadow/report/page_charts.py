"""The charts of the report page."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from passport_scorer.reporting.charts import percentile_chart, timeline_chart
from passport_scorer.reporting.svg import Point
from passport_scorer.tools.shadow.latencies import LatencyHistogram, Timeline
from passport_scorer.tools.shadow.report.formatting import duration, number, utc_time
from passport_scorer.tools.shadow.tally import EndpointTally

_MOST_CHARTS = 12
_FEWEST_SPANS = 8
_FEWEST_RESPONSES = 2
_CURVE_SHARES = (0.001, *(1 - 10 ** -(step / 20) for step in range(1, 61)))


class Chart(str):
    """The SVG of a chart, which is escaped already.

    Templates with autoescape insert what has `__html__` as it is.
    """

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


class TimelineView(msgspec.Struct, frozen=True):
    """The chart of a timeline, and the ends of its axis in seconds since 1970."""

    chart: Chart
    start: float
    end: float


class LatencyView(msgspec.Struct, frozen=True):
    """The latency chart of an endpoint."""

    endpoint: str
    chart: Chart


def timeline_view(timeline: Timeline, traffic: Timeline) -> TimelineView | None:
    """Draw when something happened, on the axis of all traffic; None if it was too short."""
    if timeline.start is None or not timeline.counts:
        return None
    start = min(timeline.start, traffic.start if traffic.start is not None else timeline.start)
    end = max(timeline.end, traffic.end)
    if end - start < _FEWEST_SPANS * timeline.width:
        return None
    description = (
        f"When it happened, from {utc_time(start)} to {utc_time(end)};"
        f" maximum: {number(max(timeline.counts))} times in {timeline.width:g} seconds."
    )
    counts = [
        (timeline.start + position * timeline.width, count)
        for position, count in enumerate(timeline.counts)
    ]
    chart = timeline_chart(description, counts, timeline.width, (start, end))
    return TimelineView(Chart(chart), start, end)


def latency_views(endpoints: Sequence[tuple[str, EndpointTally]]) -> list[LatencyView]:
    """Draw the latencies of the first endpoints for which both sides have enough responses."""
    return [
        LatencyView(name, _latency_chart(name, each.control, each.candidate))
        for name, each in endpoints
        if min(each.control.count, each.candidate.count) >= _FEWEST_RESPONSES
    ][:_MOST_CHARTS]


def _latency_chart(endpoint: str, control: LatencyHistogram, candidate: LatencyHistogram) -> Chart:
    description = (
        f"Latency of {endpoint}. p50: control {duration(control.quantile(0.5))},"
        f" candidate {duration(candidate.quantile(0.5))}. p99: control"
        f" {duration(control.quantile(0.99))}, candidate {duration(candidate.quantile(0.99))}."
    )
    curves = {"control": _curve(control), "candidate": _curve(candidate)}
    return Chart(percentile_chart(description, curves))


def _curve(latencies: LatencyHistogram) -> list[Point]:
    """Return (share, seconds) for percentiles with at least one response beyond them."""
    return [
        (each, latencies.quantile(each) or 0.0)
        for number, each in enumerate(_CURVE_SHARES)
        if number == 0 or (1 - each) * latencies.count >= 1
    ]
