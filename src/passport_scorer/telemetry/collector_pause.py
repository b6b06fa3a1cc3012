"""A collector that fails is left alone for a while: requests must not pay for it again and again.

What is recorded meanwhile is dropped and counted. The failure is logged once, until spans are
sent again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from passport_scorer.telemetry.metrics import NO_METRICS, SPANS_DROPPED, Metrics

PAUSE_SECONDS = 60.0  # for which a collector that has failed is left alone

_LIBRARY_LOG = "opentelemetry.exporter.otlp.proto.http.trace_exporter"

log = structlog.get_logger()


class PausingExporter(SpanExporter):
    """Sends spans by another exporter, unless that has just failed.

    Args:
        exporter: what sends spans, and bounds the time that it takes.
        metrics: where lost spans are counted.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        metrics: Metrics = NO_METRICS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exporter = exporter
        self._metrics = metrics
        self._clock = clock
        self._failed_at: float | None = None
        self._lost = 0
        logging.getLogger(_LIBRARY_LOG).addFilter(self._is_news)

    @property
    def is_pausing(self) -> bool:
        """Whether the collector is left alone now."""
        failed_at = self._failed_at  # other threads set it
        return failed_at is not None and self._clock() < failed_at + PAUSE_SECONDS

    def pause(self, reason: str) -> None:
        """Leave the collector alone for a while, because it has failed."""
        is_first, self._failed_at = self._failed_at is None, self._clock()
        if is_first:
            log.warning("traces_not_sent", reason=reason, pause_seconds=PAUSE_SECONDS)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans, or drop them; never raises."""
        if self.is_pausing:
            return self._drop(spans)
        try:
            result, reason = self._exporter.export(spans), "refused_or_failed"
        except Exception as error:  # noqa: BLE001  whatever the library raises
            result, reason = SpanExportResult.FAILURE, type(error).__name__
        if result is not SpanExportResult.SUCCESS:
            self.pause(reason)
            return self._drop(spans)
        self._note_success()
        return result

    def shutdown(self) -> None:
        """Stop."""
        logging.getLogger(_LIBRARY_LOG).removeFilter(self._is_news)
        self._exporter.shutdown()

    def _drop(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._lost += len(spans)
        self._metrics.add(SPANS_DROPPED, len(spans))
        return SpanExportResult.FAILURE

    def _note_success(self) -> None:
        if self._failed_at is not None:
            log.warning("traces_sent_again", lost=self._lost)
            self._failed_at, self._lost = None, 0

    def _is_news(self, _record: logging.LogRecord) -> bool:
        """Let the library say why sending failed, but not again with each try."""
        return self._failed_at is None
