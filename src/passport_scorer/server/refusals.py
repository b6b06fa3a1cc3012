"""Rejected requests and closed connections: all are counted, few are logged."""

from __future__ import annotations

from collections import Counter

from passport_scorer.telemetry.correlation import Correlation
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import CONNECTIONS_REFUSED, Metrics

_SECONDS_BETWEEN_LINES = 10.0


class Refusals:
    """Counts refusals by reason, and logs each reason at most once every ten seconds.

    Args:
        listener: `public` or `internal`.
        metrics: where they are counted.
    """

    def __init__(self, listener: str, metrics: Metrics) -> None:
        self._listener = listener
        self._metrics = metrics
        self._unlogged: Counter[str] = Counter()
        self._logged_at: dict[str, float] = {}
        self._request_ids: dict[str, str] = {}  # of the last of each reason

    def answered(self, reason: str, correlation: Correlation) -> None:
        """Record the request that was rejected last, for the log."""
        self._request_ids[reason] = correlation.request_id

    def note(self, reason: str) -> None:
        """Count a refusal. Never writes."""
        self._metrics.add(CONNECTIONS_REFUSED, 1, reason, self._listener)
        self._unlogged[reason] += 1

    def report(self, now: float, *, all_of_them: bool = False) -> None:
        """Log the number of refusals by reason, except reasons logged within the last ten seconds.

        Args:
            now: seconds of a monotonic clock.
            all_of_them: log every reason, at shutdown.
        """
        for reason, count in list(self._unlogged.items()):
            before = self._logged_at.get(reason)
            if before is None or now - before >= _SECONDS_BETWEEN_LINES or all_of_them:
                request_id = self._request_ids.pop(reason, None)
                last = {"request_id": request_id} if request_id else {}
                log.warning(
                    "connections_refused",
                    reason=reason,
                    count=count,
                    listener=self._listener,
                    **last,
                )
                self._logged_at[reason] = now
                del self._unlogged[reason]
