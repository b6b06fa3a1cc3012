"""Metrics for Prometheus. Its client is imported when the first process needs it.

One process keeps its values in memory. Several keep them in files in a folder of their own, one
set for each place of a worker: whoever is scraped adds them up. A worker that takes the place of
a dead one goes on with its counters, so that none ever falls; what the dead one had "now"
(gauges) is forgotten.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from passport_scorer.telemetry.metrics import ALL, BUILD_INFO, PREFIX, Metric

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the client's own variable


class PrometheusMetrics:
    """Counts and measures for `/metrics`.

    Args:
        folder: where several workers keep their values; None for a process that is alone.
        place: the number of the worker among them.
    """

    def __init__(self, folder: str | None = None, place: int = 0) -> None:
        self._folder = folder
        if folder is not None:
            _share(folder, place)
        from prometheus_client import CollectorRegistry, disable_created_metrics

        # They would double what is scraped.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._families = {metric.name: _family(metric, self._registry) for metric in ALL}
        self._children: dict[tuple[str, tuple[str, ...]], Any] = {}
        self.set(BUILD_INFO, 1, version("passport-scorer"), platform.python_version())

    def add(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        """Add to a counter or a gauge."""
        self._child(metric, labels).inc(amount)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        self._child(metric, labels).set(value)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Add a value to a histogram."""
        self._child(metric, labels).observe(value)

    def render(self) -> bytes:
        """Return the values of all workers, in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        if self._folder is None:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def _child(self, metric: Metric, labels: tuple[str, ...]) -> Any:
        key = (metric.name, labels)
        child = self._children.get(key)
        if child is None:
            family = self._families[metric.name]
            child = self._children[key] = family.labels(*labels) if labels else family
        return child


@contextmanager
def shared_folder() -> Iterator[str]:
    """Give a folder for the values of several workers; to be entered before they are forked."""
    with tempfile.TemporaryDirectory(prefix="passport-scorer-metrics-") as folder:
        yield folder


def _share(folder: str, place: int) -> None:
    """Make the client keep values in files; the environment is its only way to be told."""
    os.environ[_FOLDER] = folder
    from prometheus_client import values
    from prometheus_client.multiprocess import mark_process_dead

    values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]
    mark_process_dead(place, folder)  # type: ignore[no-untyped-call]


def _family(metric: Metric, registry: Any) -> Any:
    from prometheus_client import Counter, Gauge, Histogram

    arguments: dict[str, Any] = {
        "name": PREFIX + metric.name,
        "documentation": metric.meaning,
        "labelnames": metric.labels,
        "registry": registry,
    }
    match metric.kind:
        case "counter":
            return Counter(**arguments)
        case "gauge":
            return Gauge(**arguments, multiprocess_mode=metric.across)
        case "histogram":
            return Histogram(**arguments, buckets=metric.buckets)
