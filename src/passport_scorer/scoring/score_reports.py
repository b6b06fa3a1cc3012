"""The log and the metrics of a score that was recorded."""

from __future__ import annotations

from collections.abc import Sequence

from passport_scorer.domain.stamps import RejectedStamp
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import (
    SCORES_COMPUTED,
    STAMPS_CLASHED,
    STAMPS_REJECTED,
    Metrics,
)


def report_score(
    metrics: Metrics,
    address: str,
    community_id: int,
    rejected: Sequence[RejectedStamp],
    clashes: int = 0,
) -> None:
    """Count a score that was recorded, and log each stamp that it leaves out.

    Args:
        metrics: where it is counted.
        address: whose score.
        community_id: in which community.
        rejected: the stamps that are left out.
        clashes: stamps that another address has claimed.
    """
    metrics.add(SCORES_COMPUTED)
    if clashes:
        metrics.add(STAMPS_CLASHED, clashes)
    for stamp in rejected:
        metrics.add(STAMPS_REJECTED, 1, stamp.reason)
        log.info(
            "stamp_rejected",
            address=address,
            community_id=community_id,
            provider=stamp.provider,
            reason=stamp.reason,
        )
