"""A score as its row and its event hold it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from passport_scorer.domain.score import Score, ShownStamp
from passport_scorer.domain.score_record import binary, event_fields, score_record


def written_event_fields(score: Score) -> Any:
    """The fields of an event as they are read again, with exact decimals."""
    text = msgspec.json.encode(event_fields(score, score_record(score)))
    return json.loads(text, parse_float=Decimal)


def test_a_passing_score() -> None:
    """Event fields have the shape that existing events have: decimals and times as texts."""
    score = Score(
        raw=Decimal("20.733"),
        threshold=Decimal(20),
        passing=True,
        computed_at=datetime(2025, 3, 1, 10, 0, 0, 250_000, tzinfo=UTC),
        expires_at=datetime(2099, 5, 1, tzinfo=UTC),
        stamp_scores={"Google": Decimal("0.525"), "Ens": Decimal("20.208")},
        stamps={
            "Google": ShownStamp(
                "0.52500", dedup=False, expiration_date="2099-05-01T00:00:00+00:00"
            ),
            "Github": ShownStamp("0.00000", dedup=True, expiration_date="2099-06-01T00:00:00.000Z"),
        },
    )
    assert written_event_fields(score) == {
        "score": "1",
        "last_score_timestamp": "2025-03-01T10:00:00.250Z",
        "status": "DONE",
        "error": None,
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
        "expiration_date": "2099-05-01T00:00:00Z",
    }


def test_a_score_without_stamps() -> None:
    """A score that doesn't pass is 0, and without stamps it has no expiry."""
    score = Score(
        raw=Decimal(0),
        threshold=Decimal("0.5"),
        passing=False,
        computed_at=datetime(2025, 3, 1, tzinfo=UTC),
        expires_at=None,
        stamp_scores={},
        stamps={},
    )
    fields = written_event_fields(score)
    assert (binary(score), fields["score"], fields["expiration_date"]) == (0, "0", None)
    assert fields["evidence"] == {
        "type": "ThresholdScoreCheck",
        "success": False,
        "rawScore": "0",
        "threshold": "0.50000",
    }
