"""Recording traces: bounded when they can't be sent, and right for work that requests share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from passport_scorer.scoring.batching import Batcher, BatchPolicy
from passport_scorer.telemetry import Telemetry, open_telemetry
from passport_scorer.telemetry.correlation import CORRELATION, correlation_of
from passport_scorer.telemetry.open_telemetry import OpenTelemetryTraces, TraceSettings

EVERYTHING = TraceSettings("tests", "tests", 1.0, "http://127.0.0.1:9")


class Stuck(SpanExporter):
    """Never ends sending, until it may."""

    def __init__(self) -> None:
        self.may_end = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.may_end.wait()
        return SpanExportResult.SUCCESS


def trace_of(span: ReadableSpan) -> str:
    """The id of the trace of a span."""
    assert span.context
    return f"{span.context.trace_id:032x}"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Keeps what it is to send."""
    return InMemorySpanExporter()


@pytest.fixture
async def traces(exporter: InMemorySpanExporter) -> AsyncIterator[OpenTelemetryTraces]:
    """Records everything."""
    traces = OpenTelemetryTraces(EVERYTHING, exporter)
    yield traces
    await traces.close()


async def test_flushing_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector that never answers delays neither a flush nor the end."""
    monkeypatch.setattr(open_telemetry, "FLUSH_SECONDS", 0.05)
    exporter = Stuck()
    traces = OpenTelemetryTraces(EVERYTHING, exporter)
    with traces.request("GET", "http", []):
        pass
    await traces.flush()
    await traces.close()
    exporter.may_end.set()


async def test_flushed_spans_are_sent(
    traces: OpenTelemetryTraces, exporter: InMemorySpanExporter
) -> None:
    """After a flush everything that has ended is sent, again and again."""
    for number in (1, 2):
        with traces.request("GET", "http", []) as span:
            span.answered("/health", 200)
        await traces.flush()
        assert len(exporter.get_finished_spans()) == number


async def test_shared_work_belongs_to_no_other_request(
    traces: OpenTelemetryTraces, exporter: InMemorySpanExporter
) -> None:
    """Each batch is in the trace of its own requests, not of earlier ones."""
    seen: list[str | None] = []

    async def work(items: Sequence[str]) -> list[str | Exception]:
        correlation = CORRELATION.get()
        seen.append(correlation.trace_id if correlation else None)
        with traces.query("shared"):
            await asyncio.sleep(0)
        return list(items)

    batcher = Batcher(work, BatchPolicy(1, 2), telemetry=Telemetry(traces=traces))

    async def request(name: str) -> str | None:
        with traces.request("GET", "http", []) as span:
            correlation = correlation_of([], span.traceparent)
            CORRELATION.set(correlation)
            await batcher.submit(name)
            return correlation.trace_id

    ids = await asyncio.gather(*map(request, ("a", "b", "c")))
    await traces.flush()
    spans = [span for span in exporter.get_finished_spans() if span.name == "shared"]
    assert [trace_of(span) for span in spans] == [ids[0], ids[2]]
    assert [f"{link.context.trace_id:032x}" for link in spans[0].links] == [ids[1]]
    assert not spans[1].links
    assert seen == [None, ids[2]]


async def test_unknown_methods_are_one(
    traces: OpenTelemetryTraces, exporter: InMemorySpanExporter
) -> None:
    """A caller's own word never becomes the name of a span."""
    with traces.request("STRANGE", "http", []) as span:
        span.answered(None, 405)
    await traces.flush()
    (recorded,) = exporter.get_finished_spans()
    assert recorded.name == "_OTHER"
    assert recorded.attributes
    assert recorded.attributes["http.request.method"] == "_OTHER"
