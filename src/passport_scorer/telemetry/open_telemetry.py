"""Traces with OpenTelemetry, sent over OTLP/HTTP. Imported only if traces are recorded.

Spans contain nothing that may be secret: no headers, no queries, no path parameters, no messages of
errors.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

import msgspec
from opentelemetry.context import Context as SpanScope
from opentelemetry.context import attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from passport_scorer import version
from passport_scorer.telemetry.collector_pause import PausingExporter
from passport_scorer.telemetry.metrics import NO_METRICS, Metrics
from passport_scorer.telemetry.spans import CurrentRequestSpan, CurrentSpan
from passport_scorer.telemetry.traces import NOTHING, Headers, RequestSpan

FLUSH_SECONDS = 5.0  # for sending at shutdown
_EXPORT_SECONDS = 3.0  # for sending one batch, retries included
# The same if a response waits for it: less than the exporter's first delay between two attempts
# (at least 0.8 s), so that there is no second one.
_AWAITED_EXPORT_SECONDS = 0.75
_WAITING = 4096  # maximum queued spans; others are dropped
_BATCH = 512
_INTERVAL = 2000  # maximum milliseconds that a span is queued
_PROPAGATED = {b"traceparent": "traceparent", b"tracestate": "tracestate"}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# Links to the other requests of a batch, whose span is in the trace of the first one.
_links: ContextVar[tuple[Link, ...]] = ContextVar("links", default=())


class TraceSettings(msgspec.Struct, frozen=True):
    """The settings of traces.

    Attributes:
        service_name: name of the service.
        environment: name of the deployment.
        sampling_rate: share of requests to trace where the caller has not decided, 0 to 1.
        url: where spans are sent: OTLP over HTTP.
        is_awaited: True if every response waits for a flush, as on AWS Lambda.
    """

    service_name: str
    environment: str
    sampling_rate: float
    url: str
    is_awaited: bool = False

    @property
    def export_seconds(self) -> float:
        """Seconds that sending one batch may take."""
        return _AWAITED_EXPORT_SECONDS if self.is_awaited else _EXPORT_SECONDS


class OpenTelemetryTraces:
    """Records spans, and sends them to a collector in the background.

    Args:
        settings: of traces.
        exporter: sends spans; OTLP over HTTP by default.
        metrics: where dropped spans are counted.
    """

    def __init__(
        self,
        settings: TraceSettings,
        exporter: SpanExporter | None = None,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        exporter = exporter or OTLPSpanExporter(
            endpoint=settings.url, timeout=settings.export_seconds
        )
        self._exporter = PausingExporter(exporter, metrics)
        self._flush_seconds = min(FLUSH_SECONDS, settings.export_seconds + 0.25)
        self._provider = TracerProvider(
            sampler=ParentBasedTraceIdRatio(settings.sampling_rate),
            resource=_resource(settings),
            shutdown_on_exit=False,  # `close` does it, and waits a bounded time
        )
        self._provider.add_span_processor(_in_background(self._exporter))
        self._tracer = self._provider.get_tracer("passport_scorer", version())
        self._propagator = TraceContextTextMapPropagator()

    def request(self, method: str, scheme: str, headers: Headers) -> RequestSpan:
        """Start the span of a request; `headers` can name the trace that it belongs to."""
        carrier = {
            _PROPAGATED[name]: value.decode("latin-1")
            for name, value in headers
            if name in _PROPAGATED
        }
        method = method if method in _METHODS else "_OTHER"
        span = self._tracer.start_span(
            method,
            context=self._propagator.extract(carrier, SpanScope()),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "url.scheme": scheme},
        )
        return CurrentRequestSpan(span, method)

    def query(self, name: str) -> AbstractContextManager[Any]:
        """Record a span for a statement."""
        attributes = {
            "db.system.name": "postgresql",
            "db.system": "postgresql",  # the former name, which many backends still use
            "db.query.summary": name,
        }
        return self._child(name, SpanKind.CLIENT, attributes)

    def stage(self, name: str, set_size: int) -> AbstractContextManager[Any]:
        """Record a span for a stage of scoring."""
        return self._child(name, SpanKind.INTERNAL, {"scoring.set_size": set_size})

    def current(self) -> Span | None:
        """Return the current span, the parent of new ones; None if none is recorded."""
        span = get_current_span()
        return span if span.is_recording() else None

    @contextmanager
    def continued(self, spans: Sequence[Span | None]) -> Iterator[None]:
        """Work for several requests: in the first recorded span, linked to the others."""
        recorded = [span for span in spans if span is not None]
        if not recorded:
            yield
            return
        scope = attach(set_span_in_context(recorded[0]))
        links = _links.set(tuple(Link(span.get_span_context()) for span in recorded[1:]))
        try:
            yield
        finally:
            _links.reset(links)
            detach(scope)

    async def flush(self) -> None:
        """Send recorded spans. Waits a bounded time; never raises."""
        if self._exporter.is_pausing:
            return
        if not await _bounded(self._provider.force_flush, self._flush_seconds):
            self._exporter.pause("timeout")

    async def close(self) -> None:
        """Send recorded spans, and stop. Waits a bounded time; never raises."""
        await _bounded(self._provider.shutdown, FLUSH_SECONDS)

    def _child(
        self, name: str, kind: SpanKind, attributes: Mapping[str, str | int]
    ) -> AbstractContextManager[Any]:
        if not get_current_span().is_recording():
            return NOTHING
        return CurrentSpan(self._tracer.start_span(name, None, kind, attributes, _links.get()))


def _in_background(exporter: SpanExporter) -> BatchSpanProcessor:
    return BatchSpanProcessor(
        exporter,
        max_queue_size=_WAITING,
        max_export_batch_size=_BATCH,
        schedule_delay_millis=_INTERVAL,
    )


def _resource(settings: TraceSettings) -> Resource:
    ours = Resource(
        {
            "service.name": settings.service_name,
            "service.version": version(),
            "deployment.environment.name": settings.environment,
        }
    )
    return OTELResourceDetector().detect().merge(ours)


async def _bounded(work: Callable[[], Any], seconds: float) -> bool:
    """Run blocking work in a thread; return False if it takes longer than this."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def run() -> None:
        try:
            work()
        finally:
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, daemon=True, name="traces-flush").start()
    try:
        async with asyncio.timeout(seconds):
            await done.wait()
    except TimeoutError:
        return False
    return True
