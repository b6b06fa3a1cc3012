"""Metrics that a test can look at."""

from __future__ import annotations

from collections import Counter

from passport_scorer.telemetry.metric_types import Metric
from passport_scorer.telemetry.metrics import NoMetrics


class Counting(NoMetrics):
    """Records the counts: (metric, its labels) -> sum."""

    def __init__(self) -> None:
        self.counted: Counter[tuple[str, ...]] = Counter()

    def add(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        """Add to it."""
        assert len(labels) == len(metric.labels)
        self.counted[metric.name, *labels] += int(amount)
