"""The JSON of a score in its row."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from passport_scorer.domain.scores import Score, ShownStamp, score_record


def recorded(score: Score) -> dict[str, Any]:
    """The JSON columns as they are read again, with exact decimals."""
    record = score_record(score)
    return {
        name: json.loads(getattr(record, name), parse_float=Decimal)
        for name in ("evidence", "stamp_scores", "stamps")
    }


def test_a_passing_score() -> None:
    """The columns have the shape that existing rows have."""
    score = Score(
        raw=Decimal("20.733"),
        threshold=Decimal(20),
        passing=True,
        expires_at=datetime(2099, 5, 1, tzinfo=UTC),
        stamp_scores={"Google": Decimal("0.525"), "Ens": Decimal("20.208")},
        stamps={
            "Google": ShownStamp(
                "0.52500", dedup=False, expiration_date="2099-05-01T00:00:00+00:00"
            ),
            "Github": ShownStamp("0.00000", dedup=True, expiration_date="2099-06-01T00:00:00.000Z"),
        },
    )
    assert score.binary == 1
    assert recorded(score) == {
        "evidence": {
            "type": "ThresholdScoreCheck",
            "success": True,
            "rawScore": "20.733",
            "threshold": "20.00000",
        },
        "stamp_scores": {"Google": Decimal("0.525"), "Ens": Decimal("20.208")},
        "stamps": {
            "Google": {
                "score": "0.52500",
                "dedup": False,
                "expiration_date": "2099-05-01T00:00:00+00:00",
            },
            "Github": {
                "score": "0.00000",
                "dedup": True,
                "expiration_date": "2099-06-01T00:00:00.000Z",
            },
        },
    }


def test_a_score_without_stamps() -> None:
    """A score that doesn't pass is 0."""
    score = Score(
        raw=Decimal(0),
        threshold=Decimal("0.5"),
        passing=False,
        expires_at=None,
        stamp_scores={},
        stamps={},
    )
    assert score.binary == 0
    assert recorded(score) == {
        "evidence": {
            "type": "ThresholdScoreCheck",
            "success": False,
            "rawScore": "0",
            "threshold": "0.50000",
        },
        "stamp_scores": {},
        "stamps": {},
    }
