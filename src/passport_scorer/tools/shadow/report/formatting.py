"""The words of a report, the same for the terminal and the page."""

from __future__ import annotations

from datetime import UTC, datetime

from passport_scorer.tools.shadow.comparison.differences import Kind
from passport_scorer.tools.shadow.comparison.rules import Part
from passport_scorer.tools.shadow.report.metadata import About
from passport_scorer.tools.shadow.severity import Severity
from passport_scorer.tools.shadow.tally import DifferenceClass, EndpointTally, Tally
from passport_scorer.tools.shadow.verdict import Verdict, is_table

SEVERITIES = {
    Severity.DANGEROUS: "dangerous",
    Severity.NOTABLE: "notable",
    Severity.COSMETIC: "cosmetic",
}
MEANINGS = {
    Severity.DANGEROUS: "it may change who passes, what is kept, or whether there is an answer",
    Severity.NOTABLE: "clients can see it",
    Severity.COSMETIC: "the same value, written in another way",
}
_MOST_NAMED = 8
_KINDS = {
    Kind.VALUE: "another value",
    Kind.TYPE: "another type",
    Kind.MISSING: "missing in the candidate",
    Kind.UNEXPECTED: "only in the candidate",
    Kind.ORDER: "another order",
    Kind.KEY_ORDER: "keys in another order",
    Kind.NO_ANSWER: "no answer",
    Kind.SLOWER: "slower",
}


def place(found: DifferenceClass) -> str:
    """Name the place of a class of differences."""
    table = is_table(found.endpoint)
    match found.part:
        case Part.STATUS:
            return "status"
        case Part.LATENCY:
            return "latency"
        case Part.HEADER:
            return f"header {found.pattern[1:]}"
    if table:
        return f"column {found.pattern[1:]}" if found.pattern else "row"
    return found.pattern or "whole body"


def kind(found: DifferenceClass) -> str:
    """Say what kind of difference it is."""
    return _KINDS[found.kind]


def title(found: DifferenceClass) -> str:
    """Name a class of differences by its place and its kind."""
    return f"{place(found)}: {kind(found)}"


def share(part: int, whole: int) -> str:
    """Write a share as a percentage that is 100 % only if it is all of it, 0 % only if none."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < part < whole:
        percent = min(max(percent, 0.001), 99.999)
    digits = 0 if part in (0, whole) else (1 if 1 <= percent <= 99 else 3)
    return f"{percent:.{digits}f}\N{NO-BREAK SPACE}%"


def duration(seconds: float | None) -> str:
    """Write a time that an answer took."""
    if seconds is None:
        return "–"
    milliseconds = seconds * 1000
    if milliseconds < 1000:
        return f"{milliseconds:.{1 if milliseconds < 10 else 0}f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def moment(time: float | None) -> str:
    """Write a moment in UTC."""
    if time is None:
        return "–"
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def number(count: int) -> str:
    """Write a number with its thousands apart."""
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def headline(verdict: Verdict, about: About) -> str:
    """Say the whole result in one sentence."""
    if not verdict.compared:
        return "Nothing was compared."
    if verdict.same:
        return f"Nothing unexplained differs in {number(verdict.compared)} {about.unit}."
    kinds = len(verdict.unexplained)
    dangerous = sum(each.severity is Severity.DANGEROUS for each in verdict.unexplained)
    return (
        f"{number(kinds)} unexplained {'kind' if kinds == 1 else 'kinds'} of difference"
        f"{f', {dangerous} of them dangerous' if dangerous else ', none of them dangerous'}:"
        f" in {number(verdict.different)} of {number(verdict.compared)} {about.unit}"
        f" ({share(verdict.different, verdict.compared)})."
    )


def cautions(tally: Tally) -> list[str]:
    """Say what makes a comparison worth less than it looks: answers that are all errors agree."""
    empty = [name for name, each in tally.endpoints.items() if each.errors and _all_failed(each)]
    if not empty:
        return []
    hint = (
        "Two refusals are alike whatever is behind them. Are the requests' keys and tokens valid,"
        " and is /internal/* sent to the internal listener?"
    )
    if all(map(_all_failed, tally.endpoints.values())):
        return [f"The control answered nothing but errors (400 or more). {hint}"]
    named = ", ".join(empty[:_MOST_NAMED])
    more = f" and {len(empty) - _MOST_NAMED} more" if len(empty) > _MOST_NAMED else ""
    return [f"Nothing but errors (400 or more) from the control at: {named}{more}. {hint}"]


def _all_failed(tally: EndpointTally) -> bool:
    return tally.errors == tally.compared
