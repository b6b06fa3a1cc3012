"""Captures logged events, for tests that check them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from passport_scorer.telemetry.logger import Fields, log


@contextmanager
def capture_logs() -> Iterator[list[Fields]]:
    """Yield the list of the events that are logged meanwhile, with their `log_level`."""
    events: list[Fields] = []
    before = log.write, log.level
    log.write = lambda level, fields: events.append({**fields, "log_level": level})
    log.level = "debug"
    try:
        yield events
    finally:
        log.write, log.level = before
