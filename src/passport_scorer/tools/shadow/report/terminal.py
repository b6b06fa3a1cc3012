"""The report in a terminal: live while it grows, and at the end."""

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
    number,
    place,
    share,
)
from passport_scorer.tools.shadow.report.metadata import About
from passport_scorer.tools.shadow.severity import Severity
from passport_scorer.tools.shadow.tally import Tally
from passport_scorer.tools.shadow.verdict import Verdict

_STYLES = {Severity.DANGEROUS: "bold red", Severity.NOTABLE: "yellow", Severity.COSMETIC: "dim"}
_MOST = 15


def summary(about: About, tally: Tally, verdict: Verdict, *, whole: bool) -> RenderableType:
    """Return what is known: a table of endpoints, and one of unexplained differences.

    Args:
        about: what was compared.
        tally: what was seen.
        verdict: what came of it.
        whole: all differences; False: as many as fit while it runs.
    """
    parts: list[RenderableType] = [_endpoints(about, tally)]
    if (hidden := len(tally.endpoints) - _MOST) > 0:
        parts.append(Text(f"… and {hidden} more, in the report", "dim"))
    if verdict.unexplained:
        parts.append(_differences(about, verdict, None if whole else _MOST))
    if whole:
        parts += _rules(verdict)
        parts += [Text(f"{number(count)} × {what}") for what, count in tally.notes.items()]
        parts += [Text(each, "bold yellow") for each in cautions(tally)]
    style = "bold green" if verdict.same else "bold red"
    parts.append(Text(headline(verdict, about), style if verdict.compared else "bold"))
    return Group(*parts)


def _endpoints(about: About, tally: Tally) -> Table:
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("where", overflow="fold", ratio=1)
    for name in (about.unit, "match", "different"):
        table.add_column(name, justify="right", overflow="fold")
    timed = any(each.control.count for each in tally.endpoints.values())
    for name in ("p50", "p99") if timed else ():
        table.add_column(f"{name} of both", justify="right", overflow="fold")
    busiest = sorted(tally.endpoints.items(), key=lambda each: -each[1].compared)
    for name, each in busiest[:_MOST]:
        cells = [name, number(each.compared), share(each.compared - each.different, each.compared)]
        cells.append(number(each.different))
        for quantile in (0.5, 0.99) if timed else ():
            control, candidate = each.control.quantile(quantile), each.candidate.quantile(quantile)
            cells.append(f"{duration(control)} | {duration(candidate)}")
        table.add_row(*map(Text, cells), style="red" if each.different else "")
    return table


def _differences(about: About, verdict: Verdict, most: int | None) -> Table:
    table = Table(box=None, pad_edge=False, title_justify="left")
    for name in ("unexplained", "where", "what", about.unit):
        table.add_column(name, overflow="fold", justify="right" if name == about.unit else "left")
    for each in verdict.unexplained[:most]:
        table.add_row(
            Text(SEVERITIES[each.severity], _STYLES[each.severity]),
            Text(each.endpoint),
            Text(f"{place(each)}: {kind(each)}"),
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
