"""Traces, metrics and logs."""

from __future__ import annotations

import msgspec

from passport_scorer.telemetry.metrics import NO_METRICS, Metrics
from passport_scorer.telemetry.traces import NO_TRACES, Traces


class Telemetry(msgspec.Struct, frozen=True):
    """The recorders of metrics and traces; by default they record nothing.

    Attributes:
        metrics: records metrics.
        traces: records spans.
    """

    metrics: Metrics = NO_METRICS
    traces: Traces = NO_TRACES


NO_TELEMETRY = Telemetry()
