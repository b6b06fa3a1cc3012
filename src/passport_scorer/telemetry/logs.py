"""Logs: one JSON object per line on standard error, or readable text on a terminal.

This includes the logs of libraries, warnings, and uncaught errors. A line that can't be written is
dropped and counted: logging never fails a request.
"""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from types import TracebackType

import msgspec

from passport_scorer.telemetry.correlation import CORRELATION
from passport_scorer.telemetry.logger import LEVELS, Fields, Write, log, write_readable
from passport_scorer.telemetry.metrics import LOG_LINES_DROPPED, NO_METRICS, Metrics

_ENCODER = msgspec.json.Encoder(enc_hook=str)


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


LINES = Lines(2)


class _LibraryLogs(logging.Handler):
    """Turns the log records of libraries into structured events."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments that don't match the format
            message = str(record.msg)
        log.log(
            _level_of(record.levelno),
            "library_message",
            logger=record.name,
            message=message.strip(),
            exc_info=record.exc_info[1] if record.exc_info else None,
        )


def _level_of(number: int) -> str:
    """Return the highest of our levels up to a library's, which can be in between."""
    return next((name for name in reversed(LEVELS) if LEVELS[name] <= number), "debug")


def configure_logs(*, environment: str, readable: bool, level: str = "info") -> None:
    """Set up the logs of this process.

    Args:
        environment: name of the deployment; a field of each event.
        readable: colored text for people instead of JSON.
        level: the lowest level that is logged; for libraries, at least `warning`.
    """
    log.level = level
    log.write = _readable if readable else _json_lines(environment)
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
        log.critical("crashed", error=kind.__name__, exc_info=error)


def _json_lines(environment: str) -> Write:
    def write(level: str, fields: Fields) -> None:
        exception = fields.pop("exception", None)
        fields["level"] = level
        fields["timestamp"] = datetime.now(UTC)
        _add_ids(fields)
        fields["environment"] = environment
        if exception is not None:
            fields["exception"] = exception
        LINES.write(_ENCODER.encode(fields))

    return write


def _readable(level: str, fields: Fields) -> None:
    _add_ids(fields)
    write_readable(level, fields)


def _add_ids(fields: Fields) -> None:
    """Add the ids of the request in progress."""
    correlation = CORRELATION.get()
    if correlation is not None:
        fields["trace_id"] = correlation.trace_id
        fields["request_id"] = correlation.request_id
