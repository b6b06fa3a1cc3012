"""How a score is recorded: the JSON in its row and in its event.

Source: specification, scoring.md, 6.
"""

from typing import Any

from passport_scorer.domain.decimals import five_decimals, plain
from passport_scorer.domain.scoring import Score
from passport_scorer.domain.times import event_time

DONE = "DONE"


def binary(score: Score) -> int:
    """Return what the column `score` holds: 1 for a passing score, else 0."""
    return int(score.passing)


def evidence(score: Score) -> dict[str, Any]:
    """Return the comparison that was made."""
    return {
        "type": "ThresholdScoreCheck",
        "success": score.passing,
        "rawScore": plain(score.raw),
        "threshold": five_decimals(score.threshold),
    }


def event_fields(score: Score) -> dict[str, Any]:
    """Return `fields` of a score event but for `passport`, whose id is known in the table only."""
    return {
        "score": str(binary(score)),
        "last_score_timestamp": event_time(score.computed_at),
        "status": DONE,
        "error": None,
        "evidence": evidence(score),
        "stamp_scores": score.stamp_scores,
        "stamps": score.stamps,
        "expiration_date": event_time(score.expires_at) if score.expires_at else None,
    }
