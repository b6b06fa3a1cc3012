"""Pausing exports to a collector that has failed, so that requests don't pay for it repeatedly.

Spans recorded meanwhile are dropped and counted. The failure is logged once, until spans are sent
again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import NO_METRICS, SPANS_DROPPED, Metrics

PAUSE_SECONDS = 60.0  # without exports after a failure

_LIBRARY_LOG = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


class PausingExporter(SpanExporter):
    """Exports spans through another exporter, unless that has just failed.

    Args:
        exporter: exports spans in a bounded time.
        metrics: where dropped spans are counted.
        clock: monotonic, in seconds.
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
        """True if exports are paused."""
        failed_at = self._failed_at  # other threads set it
        return failed_at is not None and self._clock() < failed_at + PAUSE_SECONDS

    def pause(self, reason: str) -> None:
        """Pause exports, because the collector has failed."""
        is_first, self._failed_at = self._failed_at is None, self._clock()
        if is_first:
            log.warning("traces_not_sent", reason=reason, pause_seconds=PAUSE_SECONDS)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans, or drop them. Never raises."""
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
        """Let the library log why an export failed, but not for every attempt."""
        return self._failed_at is None
