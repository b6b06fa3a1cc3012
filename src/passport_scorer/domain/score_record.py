"""How a score is recorded: the JSON in its row and in its event.

Source: specification, scoring.md, 6.
"""

from typing import Any

import msgspec

from passport_scorer.domain.decimals import five_decimals, plain
from passport_scorer.domain.score import Score
from passport_scorer.domain.times import event_time

DONE = "DONE"
_JSON = msgspec.json.Encoder(decimal_format="number")


class ScoreRecord(msgspec.Struct, frozen=True, gc=False):
    """The JSON columns of a score's row, as texts: the same as long as the score is."""

    evidence: str
    stamp_scores: str
    stamps: str


def score_record(score: Score) -> ScoreRecord:
    """Write down a score."""
    return ScoreRecord(
        evidence=_json(evidence(score)),
        stamp_scores=_json(score.stamp_scores),
        stamps=_json(score.stamps),
    )


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


def event_fields(score: Score, record: ScoreRecord) -> dict[str, Any]:
    """Return `fields` of a score event but for `passport`, whose id is known in the table only.

    Its values are JSON in part; it is there to be written as JSON.
    """
    return {
        "score": str(binary(score)),
        "last_score_timestamp": event_time(score.computed_at),
        "status": DONE,
        "error": None,
        "evidence": msgspec.Raw(record.evidence),
        "stamp_scores": msgspec.Raw(record.stamp_scores),
        "stamps": msgspec.Raw(record.stamps),
        "expiration_date": event_time(score.expires_at) if score.expires_at else None,
    }


def _json(value: object) -> str:
    return _JSON.encode(value).decode()
