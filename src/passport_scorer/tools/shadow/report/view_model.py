"""The view model of the report page: pure functions from a tally and its verdict."""

from __future__ import annotations

import msgspec

from passport_scorer.tools.shadow.comparison.differences import DifferenceKind
from passport_scorer.tools.shadow.report.formatting import (
    MEANINGS,
    SEVERITIES,
    cautions,
    headline,
    share,
    title,
)
from passport_scorer.tools.shadow.report.metadata import ReportMetadata
from passport_scorer.tools.shadow.report.page_charts import (
    LatencyView,
    TimelineView,
    latency_views,
    timeline_view,
)
from passport_scorer.tools.shadow.tally import DifferenceClass, EndpointTally, Example, Tally
from passport_scorer.tools.shadow.verdict import RuleCount, Verdict

_LONGEST_GLANCE = 40


class SeverityMeaning(msgspec.Struct, frozen=True):
    """A severity that occurs in a report, and what it means."""

    name: str
    meaning: str


class BothSides(msgspec.Struct, frozen=True):
    """A latency in seconds, or a shortened value, for both sides."""

    control: float | str | None
    candidate: float | str | None


class DifferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """An unexplained class of differences.

    Attributes:
        compared: how many exchanges or keys were compared at its endpoint.
        share: `exchanges` as a share of `compared`.
        glance: a shortened example; None if its values are not informative.
        timeline: None if all of it happened within a short time.
    """

    severity: str
    title: str
    endpoint: str
    danger: str
    count: int
    exchanges: int
    compared: int
    share: str
    first: float | None
    last: float | None
    glance: BothSides | None
    timeline: TimelineView | None
    examples: list[Example]


class FirstDifference(msgspec.Struct, frozen=True):
    """The first unexplained difference of a comparison."""

    severity: str
    title: str
    example: Example


class EndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """The share of agreement at an endpoint, and the latencies of both sides."""

    name: str
    compared: int
    percent: float
    share: str
    different: int
    expected: int
    errors: int
    p50: BothSides
    p99: BothSides


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """The variables of the report page's template."""

    metadata: ReportMetadata
    tally: Tally
    verdict: Verdict
    headline: str
    cautions: list[str]
    per_second: int | None
    severities: list[SeverityMeaning]
    with_times: bool
    first: FirstDifference | None
    differences: list[DifferenceView]
    endpoints: list[EndpointView]
    with_errors: bool
    with_latencies: bool
    charts: list[LatencyView]
    matched_rules: list[RuleCount]
    unmatched_rules: list[RuleCount]


def report_view(metadata: ReportMetadata, tally: Tally, verdict: Verdict) -> ReportView:
    """Build the view model of the report page."""
    busiest = sorted(tally.endpoints.items(), key=lambda each: -each[1].compared)
    seen = sorted({each.severity for each in verdict.unexplained}, reverse=True)
    matched = [each for each in verdict.rules if each.count]
    return ReportView(
        metadata=metadata,
        tally=tally,
        verdict=verdict,
        headline=headline(verdict, metadata),
        cautions=cautions(tally),
        per_second=round(tally.compared / tally.busy) if tally.busy >= 1 else None,
        severities=[SeverityMeaning(SEVERITIES[each], MEANINGS[each]) for each in seen],
        with_times=any(each.first is not None for each in verdict.unexplained),
        first=_first_difference(tally),
        differences=[_difference(each, tally) for each in verdict.unexplained],
        endpoints=[_endpoint(name, each) for name, each in busiest],
        with_errors=any(each.errors for each in tally.endpoints.values()),
        with_latencies=any(each.control.count for each in tally.endpoints.values()),
        charts=latency_views(busiest),
        matched_rules=sorted(matched, key=lambda rule: -rule.count),
        unmatched_rules=[each for each in verdict.rules if not each.count],
    )


def _first_difference(tally: Tally) -> FirstDifference | None:
    example = tally.first_difference
    if example is None or tally.first_class not in tally.classes:
        return None
    found = tally.classes[tally.first_class]
    return FirstDifference(SEVERITIES[found.severity], title(found), example)


def _difference(found: DifferenceClass, tally: Tally) -> DifferenceView:
    endpoint = tally.endpoints.get(found.endpoint)
    compared = endpoint.compared if endpoint else tally.compared
    return DifferenceView(
        severity=SEVERITIES[found.severity],
        title=title(found),
        endpoint=found.endpoint,
        danger=found.danger,
        count=found.count,
        exchanges=found.exchanges,
        compared=compared,
        share=share(found.exchanges, compared),
        first=found.first,
        last=found.last,
        glance=_glance(found),
        timeline=timeline_view(found.timeline, tally.traffic),
        examples=found.examples,
    )


def _glance(found: DifferenceClass) -> BothSides | None:
    if not found.examples or found.kind in {DifferenceKind.ORDER, DifferenceKind.KEY_ORDER}:
        return None
    example = found.examples[0]
    return BothSides(_shortened(example.control), _shortened(example.candidate))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_GLANCE else f"{text[: _LONGEST_GLANCE - 1]}…"


def _endpoint(name: str, tally: EndpointTally) -> EndpointView:
    matched = tally.compared - tally.different
    return EndpointView(
        name=name,
        compared=tally.compared,
        percent=100 * matched / tally.compared if tally.compared else 0.0,
        share=share(matched, tally.compared),
        different=tally.different,
        expected=tally.expected,
        errors=tally.errors,
        p50=BothSides(tally.control.quantile(0.5), tally.candidate.quantile(0.5)),
        p99=BothSides(tally.control.quantile(0.99), tally.candidate.quantile(0.99)),
    )
