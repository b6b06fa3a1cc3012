"""Telemetry that is off records nothing, and keeps nothing."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

from passport_scorer.telemetry import NO_TELEMETRY
from passport_scorer.telemetry.metrics import HTTP_REQUESTS, QUERY_DURATION, QUERY_ERRORS
from passport_scorer.telemetry.traces import READ

HEAVY = ("opentelemetry", "prometheus_client", "google.protobuf", "requests")


def report() -> None:
    """Report everything that a request reports."""
    metrics, traces = NO_TELEMETRY.metrics, NO_TELEMETRY.traces
    with traces.request("GET", "http", []) as span:
        with traces.stage(READ, 1), traces.query("read_scoring"), traces.continued([None]):
            metrics.observe(QUERY_DURATION, 0.5, "read_scoring")
        metrics.add(HTTP_REQUESTS, 1, "/health", "GET", "2xx")
        metrics.set(QUERY_ERRORS, 0)
        span.answered("/health", 200)
        assert span.traceparent is None
        assert traces.current() is None
    assert metrics.render() == b""


def test_nothing_is_kept() -> None:
    """However many requests pass, telemetry that is off takes no memory."""
    report()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(1000):
        report()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 1000


async def test_there_is_nothing_to_send() -> None:
    """Flushing and closing return at once."""
    await NO_TELEMETRY.traces.flush()
    await NO_TELEMETRY.traces.close()


def test_nothing_heavy_is_imported() -> None:
    """A process without traces or metrics doesn't import their libraries."""
    code = (
        "import sys, passport_scorer.app, passport_scorer.api.applications, "
        "passport_scorer.telemetry.prometheus; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
