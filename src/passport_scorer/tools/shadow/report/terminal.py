"""The report in a terminal: live during the comparison, and at its end."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from passport_scorer.tools.shadow.report.formatting import (
    SEVERITIES,
    cautions,
    duration,
    headline,
    kind,
    location,
    number,
    share,
)
from passport_scorer.tools.shadow.report.metadata import ReportMetadata
from passport_scorer.tools.shadow.severity import DifferenceSeverity
from passport_scorer.tools.shadow.tally import Tally
from passport_scorer.tools.shadow.verdict import Verdict

_STYLES = {
    DifferenceSeverity.DANGEROUS: "bold red",
    DifferenceSeverity.NOTABLE: "yellow",
    DifferenceSeverity.COSMETIC: "dim",
}
_MOST = 15


def summary(
    metadata: ReportMetadata, tally: Tally, verdict: Verdict, *, whole: bool
) -> RenderableType:
    """Return a table of endpoints and one of unexplained differences.

    Args:
        metadata: what was compared.
        tally: the results.
        verdict: the verdict on them.
        whole: True for all differences, False for as many as fit during the comparison.
    """
    parts: list[RenderableType] = [_endpoints(metadata, tally)]
    if (hidden := len(tally.endpoints) - _MOST) > 0:
        parts.append(Text(f"… and {hidden} more in the report", "dim"))
    if verdict.unexplained:
        parts.append(_differences(metadata, verdict, None if whole else _MOST))
    if whole:
        parts += _rules(verdict)
        parts += [Text(f"{number(count)} × {what}") for what, count in tally.notes.items()]
        parts += [Text(each, "bold yellow") for each in cautions(tally)]
    style = "bold green" if verdict.same else "bold red"
    parts.append(Text(headline(verdict, metadata), style if verdict.compared else "bold"))
    return Group(*parts)


def _endpoints(metadata: ReportMetadata, tally: Tally) -> Table:
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("where", overflow="fold", ratio=1)
    for name in (metadata.unit, "match", "different"):
        table.add_column(name, justify="right", overflow="fold")
    timed = any(each.control.count for each in tally.endpoints.values())
    for name in ("p50", "p99") if timed else ():
        table.add_column(f"{name} control | candidate", justify="right", overflow="fold")
    busiest = sorted(tally.endpoints.items(), key=lambda each: -each[1].compared)
    for name, each in busiest[:_MOST]:
        cells = [name, number(each.compared), share(each.compared - each.different, each.compared)]
        cells.append(number(each.different))
        for quantile in (0.5, 0.99) if timed else ():
            control, candidate = each.control.quantile(quantile), each.candidate.quantile(quantile)
            cells.append(f"{duration(control)} | {duration(candidate)}")
        table.add_row(*map(Text, cells), style="red" if each.different else "")
    return table


def _differences(metadata: ReportMetadata, verdict: Verdict, most: int | None) -> Table:
    table = Table(box=None, pad_edge=False, title_justify="left")
    for name in ("unexplained", "where", "what", metadata.unit):
        table.add_column(
            name, overflow="fold", justify="right" if name == metadata.unit else "left"
        )
    for each in verdict.unexplained[:most]:
        table.add_row(
            Text(SEVERITIES[each.severity], _STYLES[each.severity]),
            Text(each.endpoint),
            Text(f"{location(each)}: {kind(each)}"),
            Text(number(each.exchanges)),
        )
    return table


def _rules(verdict: Verdict) -> list[Text]:
    matched = [each for each in verdict.rules if each.count]
    unmatched = [each.name for each in verdict.rules if not each.count]
    lines = [Text(f"{number(r.count)} × expected: {r.name}. {r.reason}") for r in matched]
    if unmatched:
        lines.append(Text(f"Rules that never matched: {', '.join(unmatched)}", "dim"))
    return lines
