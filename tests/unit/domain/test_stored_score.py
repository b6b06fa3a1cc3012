"""Scores as they were recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from passport_scorer.domain.score import ShownStamp
from passport_scorer.domain.stored_score import (
    Evidence,
    RecordedScore,
    UnreadableScore,
    read_evidence,
    read_stamps,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
EVIDENCE = Evidence(Decimal("1.50"), Decimal(1), success=True)


def test_what_is_recorded_is_read_exactly() -> None:
    """Decimals keep their digits; a column without a value is no evidence, and no stamps."""
    document = (
        '{"type": "ThresholdScoreCheck", "success": true, "rawScore": "1.50", "threshold": "1"}'
    )
    assert read_evidence(document) == EVIDENCE
    assert read_evidence(None) is None
    stamps = '{"Google": {"score": "1.50000", "dedup": false, "expiration_date": "2031"}}'
    assert read_stamps(stamps) == {"Google": ShownStamp("1.50000", False, "2031")}
    assert read_stamps(None) == {}


def test_an_unknown_shape_is_a_fault() -> None:
    """Nothing is guessed."""
    with pytest.raises(UnreadableScore):
        read_evidence('{"rawScore": "much"}')
    with pytest.raises(UnreadableScore):
        read_stamps("[]")


@pytest.mark.parametrize(
    ("expires_at", "expired"),
    [(None, False), (NOW, True), (NOW + timedelta(microseconds=1), False)],
)
def test_a_score_expires_with_its_first_stamp(
    expires_at: datetime | None, *, expired: bool
) -> None:
    """One without stamps never does."""
    score = RecordedScore(EVIDENCE, NOW, expires_at, None, {})
    assert score.has_expired(NOW) is expired
