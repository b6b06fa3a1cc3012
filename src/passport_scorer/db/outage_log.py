"""Logs why the database is unavailable: one event for each cause, not for each failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from passport_scorer.db.connection_errors import SENTENCES, Reason
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import DATABASE_FAILURES, Metrics

QUIET_SECONDS = 5.0  # without a failure, until the outage is over


class OutageLog:
    """The current outage, from the first failure until the database works again.

    Args:
        metrics: counts failures.
        clock: returns seconds.

    Attributes:
        reasons: the causes that were logged; empty if there is no outage.
    """

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self.reasons: set[str] = set()
        self._metrics = metrics
        self._clock = clock
        self._last = 0.0

    def failed(self, failure: DatabaseUnavailable) -> None:
        """Count a failure, and log its cause if it is new."""
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
        """Record a success on a connection of asyncpg; only needed if there are `reasons`."""
        if self._clock() - self._last < QUIET_SECONDS:
            return
        # A read-only server answers, but is not available for writes.
        if Reason.READ_ONLY in self.reasons and _reports_read_only(driver):
            return
        log.warning("database_available", reasons=sorted(self.reasons))
        self.reasons = set()


def _reports_read_only(driver: Any) -> bool:
    """Return True if the server reports that it is read-only, as PostgreSQL 14 and later do."""
    reported = driver.get_settings()
    names = ("in_hot_standby", "default_transaction_read_only")
    return any(getattr(reported, name, "off") == "on" for name in names)
