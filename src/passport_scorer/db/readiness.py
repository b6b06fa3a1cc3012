"""Readiness: the database accepts writes, and its clock agrees with ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from passport_scorer.db.connection_errors import Reason
from passport_scorer.db.database import Database
from passport_scorer.db.errors import ClockSkew, DatabaseUnavailable
from passport_scorer.db.queries.health import ServerStatus, ping
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import CLOCK_SKEW, NO_METRICS, Metrics

MAX_SKEW = timedelta(seconds=5)


class Readiness:
    """Checks whether the service can work with the database.

    Args:
        database: the pool that requests use.
        clock: returns the time (aware) by which this process judges expiry.
        metrics: records the clock skew.
    """

    def __init__(
        self, database: Database, clock: Callable[[], datetime], metrics: Metrics = NO_METRICS
    ) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._is_skewed = False

    async def check(self) -> None:
        """Check that the database accepts writes, and that its clock agrees with ours.

        Raises:
            DatabaseUnavailable: it can't be reached, or is read-only.
            ClockSkew: the clocks differ by more than `MAX_SKEW`.
        """
        status, sent, received = await self._ask()
        if not status.is_writable:
            # These connections may lead to a server that was the primary until a failover.
            await self._database.renew()
            status, sent, received = await self._ask()
        if not status.is_writable:
            failure = DatabaseUnavailable(reason=Reason.READ_ONLY, rolled_back=True)
            self._database.failed(failure)
            raise failure
        self._compare_clocks(status.now, sent, received)

    async def _ask(self) -> tuple[ServerStatus, datetime, datetime]:
        sent = self._clock()
        return await ping(self._database), sent, self._clock()

    def _compare_clocks(self, there: datetime, sent: datetime, received: datetime) -> None:
        """Compare with the middle of the round trip, whose duration bounds the error."""
        uncertainty = (received - sent) / 2
        skew = sent + uncertainty - there
        self._metrics.set(CLOCK_SKEW, abs(skew.total_seconds()))
        is_skewed = abs(skew) - uncertainty > MAX_SKEW
        if is_skewed != self._is_skewed:
            self._is_skewed = is_skewed
            seconds = round(skew.total_seconds(), 3)  # positive: this process is ahead
            if is_skewed:
                log.error("clock_skew", seconds=seconds)
            else:
                log.warning("clock_skew_ended", seconds=seconds)
        if is_skewed:
            raise ClockSkew
