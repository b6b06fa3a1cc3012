"""Logs: one JSON object per line on standard error, or readable text on a terminal.

This includes the logs of libraries, warnings, and uncaught errors. A line that can't be written is
dropped and counted: logging never fails a request.
"""

from __future__ import annotations

import logging
import os
import sys
from types import TracebackType
from typing import Any

import msgspec
import structlog

from passport_scorer.telemetry.correlation import CORRELATION
from passport_scorer.telemetry.metrics import LOG_LINES_DROPPED, NO_METRICS, Metrics

_ENCODER = msgspec.json.Encoder(enc_hook=str)

log = structlog.get_logger()


class Lines:
    """Writes whole lines to a file descriptor.

    Attributes:
        metrics: where dropped lines are counted.
    """

    def __init__(self, descriptor: int) -> None:
        self.metrics: Metrics = NO_METRICS
        self._descriptor = descriptor
        self._is_broken = False  # the last line was cut off

    def write(self, line: bytes) -> None:
        """Write a line, given without its newline. Never raises."""
        data = (b"\n" if self._is_broken else b"") + line + b"\n"
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
                self._is_broken = bool(data)
        except OSError:  # full disk, or a closed pipe
            self.metrics.add(LOG_LINES_DROPPED)

    debug = info = warning = error = critical = msg = write


LINES = Lines(2)


class _LibraryLogs(logging.Handler):
    """Turns the log records of libraries into structured events."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments that don't match the format
            message = str(record.msg)
        log.log(
            min(
                record.levelno // 10 * 10, logging.CRITICAL
            ),  # libraries can have levels in between
            "library_message",
            logger=record.name,
            message=message.strip(),
            exc_info=record.exc_info or None,
        )


# One list for the life of the process: loggers that are in use hold a reference to it.
_PROCESSORS: list[Any] = []


def configure_logs(*, environment: str, readable: bool, level: str = "info") -> None:
    """Set up the logs of this process.

    Args:
        environment: name of the deployment; a field of each event.
        readable: colored text for people instead of JSON.
        level: the lowest level that is logged; for libraries, at least `warning`.
    """
    processors: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_request,
    ]
    if readable:
        processors.append(structlog.dev.ConsoleRenderer())
        factory: Any = structlog.PrintLoggerFactory(sys.stderr)
    else:
        processors.append(_with_environment(environment))
        processors.append(structlog.processors.format_exc_info)
        processors.append(structlog.processors.JSONRenderer(_json))
        factory = lambda *_: LINES  # noqa: E731
    _PROCESSORS[:] = processors
    structlog.configure(
        processors=_PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    _take_over_libraries(level)


def _take_over_libraries(level: str) -> None:
    # Below warnings, libraries log URLs and headers that may be secret.
    least = max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()])
    logging.basicConfig(handlers=[_LibraryLogs()], level=least, force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _crashed


def _crashed(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
    else:
        log.critical("crashed", error=kind.__name__, exc_info=(kind, error, traceback))


def _with_environment(environment: str) -> Any:
    def add(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
        event["environment"] = environment
        return event

    return add


def _with_request(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    correlation = CORRELATION.get()
    if correlation is not None:
        event["trace_id"] = correlation.trace_id
        event["request_id"] = correlation.request_id
    return event


def _json(event: dict[str, Any], **_: Any) -> bytes:
    return _ENCODER.encode(event)
