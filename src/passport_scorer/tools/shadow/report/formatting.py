"""Formatting of values and sentences, shared by the terminal report and the page."""

from __future__ import annotations

from datetime import UTC, datetime

from passport_scorer.tools.shadow.comparison.differences import DifferenceKind
from passport_scorer.tools.shadow.comparison.rules import Part
from passport_scorer.tools.shadow.report.metadata import ReportMetadata
from passport_scorer.tools.shadow.severity import DifferenceSeverity
from passport_scorer.tools.shadow.tally import DifferenceClass, EndpointTally, Tally
from passport_scorer.tools.shadow.verdict import Verdict, is_table

SEVERITIES = {
    DifferenceSeverity.DANGEROUS: "dangerous",
    DifferenceSeverity.NOTABLE: "notable",
    DifferenceSeverity.COSMETIC: "cosmetic",
}
MEANINGS = {
    DifferenceSeverity.DANGEROUS: "can change who passes, what is stored, or which requests fail",
    DifferenceSeverity.NOTABLE: "visible to clients",
    DifferenceSeverity.COSMETIC: "the same value in a different notation",
}
_MOST_NAMED = 8
_KINDS = {
    DifferenceKind.VALUE: "different value",
    DifferenceKind.TYPE: "different type",
    DifferenceKind.MISSING: "missing from the candidate",
    DifferenceKind.UNEXPECTED: "only in the candidate",
    DifferenceKind.ORDER: "different order",
    DifferenceKind.KEY_ORDER: "different key order",
    DifferenceKind.NO_ANSWER: "no response",
    DifferenceKind.SLOWER: "slower",
}


def location(found: DifferenceClass) -> str:
    """Describe the location of a class of differences."""
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
    """Describe the kind of a class of differences."""
    return _KINDS[found.kind]


def title(found: DifferenceClass) -> str:
    """Describe a class of differences by location and kind."""
    return f"{location(found)}: {kind(found)}"


def share(part: int, whole: int) -> str:
    """Format a share as a percentage: 100 % only if it is everything, 0 % only if nothing."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < part < whole:
        percent = min(max(percent, 0.001), 99.999)
    digits = 0 if part in (0, whole) else (1 if 1 <= percent <= 99 else 3)
    return f"{percent:.{digits}f}\N{NO-BREAK SPACE}%"


def duration(seconds: float | None) -> str:
    """Format a duration with a suitable unit."""
    if seconds is None:
        return "–"
    milliseconds = seconds * 1000
    if milliseconds < 1000:
        return f"{milliseconds:.{1 if milliseconds < 10 else 0}f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def utc_time(time: float | None) -> str:
    """Format seconds since 1970 as a time in UTC."""
    if time is None:
        return "–"
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def number(count: int) -> str:
    """Format a number with separated thousands."""
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def counted(count: int, unit: str) -> str:
    """Format a number with its unit, which is given in the plural."""
    return f"{number(count)} {unit.removesuffix('s') if count == 1 else unit}"


def headline(verdict: Verdict, metadata: ReportMetadata) -> str:
    """Summarize the result in one sentence."""
    if not verdict.compared:
        return "Nothing was compared."
    if verdict.same:
        return f"No unexplained difference in {counted(verdict.compared, metadata.unit)}."
    kinds = len(verdict.unexplained)
    dangerous = sum(each.severity is DifferenceSeverity.DANGEROUS for each in verdict.unexplained)
    return (
        f"{counted(kinds, 'unexplained differences')}"
        f" ({number(dangerous) if dangerous else 'none'} dangerous)"
        f" in {number(verdict.different)} of {counted(verdict.compared, metadata.unit)}"
        f" ({share(verdict.different, verdict.compared)})."
    )


def cautions(tally: Tally) -> list[str]:
    """Warn of endpoints that prove nothing because the control responded only with errors."""
    empty = [name for name, each in tally.endpoints.items() if each.errors and _all_failed(each)]
    if not empty:
        return []
    hint = (
        "Equal errors prove nothing. Check that API keys and tokens are valid, and that"
        " /internal/* is sent to the internal listener."
    )
    if all(map(_all_failed, tally.endpoints.values())):
        return [f"All responses of the control were errors (status 400 or above). {hint}"]
    named = ", ".join(empty[:_MOST_NAMED])
    more = f" and {len(empty) - _MOST_NAMED} more" if len(empty) > _MOST_NAMED else ""
    return [
        f"All responses of the control were errors (status 400 or above) at: {named}{more}. {hint}"
    ]


def _all_failed(tally: EndpointTally) -> bool:
    return tally.errors == tally.compared
