"""Tells operators why the database is away: one log event for each cause, not for each failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog

from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.db.reasons import SENTENCES, Reason
from passport_scorer.telemetry.metrics import DATABASE_FAILURES, Metrics

QUIET = 5.0  # seconds without a failure after which the database counts as available again

log = structlog.get_logger()


class Outage:
    """What the database fails with, from the first failure until it works again.

    Args:
        metrics: where failures are counted.
        clock: returns seconds.

    Attributes:
        reasons: why, as far as it has been logged; empty while all is well.
    """

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self.reasons: set[str] = set()
        self._metrics = metrics
        self._clock = clock
        self._last = 0.0

    def failed(self, failure: DatabaseUnavailable) -> None:
        """Count a failure, and log its cause if that is new."""
        reason = failure.reason
        self._metrics.add(DATABASE_FAILURES, 1, reason)
        self._last = self._clock()
        if reason not in self.reasons:
            self.reasons.add(reason)
            log.error(
                "database_unavailable",
                reason=str(reason),
                error=type(failure.__cause__ or failure).__name__,
                sqlstate=failure.sqlstate,
                message=SENTENCES[reason],
            )

    def worked(self, driver: Any) -> None:
        """Take note of a success on a connection of asyncpg; worth a call only if `reasons`."""
        if self._clock() - self._last < QUIET:
            return
        # A server that can only be read from answers, but isn't available.
        if Reason.READ_ONLY in self.reasons and _reports_read_only(driver):
            return
        log.warning("database_available", reasons=sorted(self.reasons))
        self.reasons = set()


def _reports_read_only(driver: Any) -> bool:
    """Whether the server says so by itself, as PostgreSQL does since version 14."""
    reported = driver.get_settings()
    names = ("in_hot_standby", "default_transaction_read_only")
    return any(getattr(reported, name, "off") == "on" for name in names)
