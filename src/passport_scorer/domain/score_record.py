"""How a score is recorded: the JSON in its row, which goes into its event as it is.

Source: specification, scoring.md, 6.
"""

from typing import Any

import msgspec

from passport_scorer.domain.decimals import five_decimals, plain
from passport_scorer.domain.score import Score

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


def _json(value: object) -> str:
    return _JSON.encode(value).decode()
