"""The report as JSON; docs/shadow.md describes its members."""

from __future__ import annotations

from typing import Any

import msgspec

from passport_scorer.tools.shadow.latencies import LatencyHistogram
from passport_scorer.tools.shadow.report.formatting import SEVERITIES, cautions, headline, utc_time
from passport_scorer.tools.shadow.report.metadata import ReportMetadata
from passport_scorer.tools.shadow.tally import DifferenceClass, EndpointTally, Tally
from passport_scorer.tools.shadow.verdict import Verdict

_QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


def report_json(metadata: ReportMetadata, tally: Tally, verdict: Verdict) -> bytes:
    """Return the report as indented JSON."""
    report = {
        "about": metadata,
        "headline": headline(verdict, metadata),
        "cautions": cautions(tally),
        "same": verdict.same,
        "compared": verdict.compared,
        "different": verdict.different,
        "began": utc_time(tally.began),
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


def _quantiles(latencies: LatencyHistogram) -> dict[str, float | None]:
    return {f"p{each * 100:g}": latencies.quantile(each) for each in _QUANTILES}
