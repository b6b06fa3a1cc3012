"""The type of a metric."""

from __future__ import annotations

from typing import Literal

import msgspec

PREFIX = "passport_scorer_"


class Metric(msgspec.Struct, frozen=True):
    """A metric.

    Attributes:
        kind: the type of the metric.
        name: without the prefix.
        description: the help text.
        labels: names of its labels.
        buckets: upper bounds of a histogram.
        across: how a gauge is aggregated over worker processes.
    """

    kind: Literal["counter", "gauge", "histogram"]
    name: str
    description: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    across: Literal["livesum", "max"] = "livesum"

    @property
    def full_name(self) -> str:
        """The name with the prefix."""
        return PREFIX + self.name
