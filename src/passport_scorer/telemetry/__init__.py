"""Traces, metrics and logs."""

from __future__ import annotations

import msgspec

from passport_scorer.telemetry.metrics import NO_METRICS, Metrics
from passport_scorer.telemetry.traces import NO_TRACES, Traces


class Telemetry(msgspec.Struct, frozen=True):
    """Where the parts of the service report what they do; nowhere unless told.

    Attributes:
        metrics: counts and measures.
        traces: records spans.
    """

    metrics: Metrics = NO_METRICS
    traces: Traces = NO_TRACES


NO_TELEMETRY = Telemetry()
