"""The report for programs: JSON. Its members are described in docs/shadow.md."""

from __future__ import annotations

from typing import Any

import msgspec

from passport_scorer.tools.shadow.latencies import Latencies
from passport_scorer.tools.shadow.report.formatting import SEVERITIES, cautions, headline, moment
from passport_scorer.tools.shadow.report.metadata import About
from passport_scorer.tools.shadow.tally import DifferenceClass, EndpointTally, Tally
from passport_scorer.tools.shadow.verdict import Verdict

_QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


def report_json(about: About, tally: Tally, verdict: Verdict) -> bytes:
    """Return the report as indented JSON."""
    report = {
        "about": about,
        "headline": headline(verdict, about),
        "cautions": cautions(tally),
        "same": verdict.same,
        "compared": verdict.compared,
        "different": verdict.different,
        "began": moment(tally.began),
        "busy_seconds": round(tally.busy, 3),
        "first_difference": tally.first_difference,
        "unexplained": [_class(each) for each in verdict.unexplained],
        "expected": [_class(each) for each in verdict.explained],
        "rules": verdict.rules,
        "endpoints": {name: _endpoint(each) for name, each in tally.endpoints.items()},
        "notes": tally.notes,
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def _class(found: DifferenceClass) -> dict[str, Any]:
    fields = msgspec.structs.asdict(found)
    return fields | {"severity": SEVERITIES[found.severity]}


def _endpoint(tally: EndpointTally) -> dict[str, Any]:
    return {
        "compared": tally.compared,
        "same": tally.same,
        "expected": tally.expected,
        "different": tally.different,
        "errors": tally.errors,
        "control_seconds": _quantiles(tally.control),
        "candidate_seconds": _quantiles(tally.candidate),
    }


def _quantiles(latencies: Latencies) -> dict[str, float | None]:
    return {f"p{each * 100:g}": latencies.quantile(each) for each in _QUANTILES}
