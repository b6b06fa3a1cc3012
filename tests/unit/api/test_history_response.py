"""From a score event to an answer."""

from decimal import Decimal

import msgspec
import pytest

from passport_scorer.api.public.history_response import history_response
from passport_scorer.api.public.score_response import V2ScoreResponse
from passport_scorer.domain.decimals import UnusableWeight
from passport_scorer.domain.score_history import UnreadableEvent

ADDRESS = "0x" + "ab" * 20
TODAY = Decimal("15.5")


def answer(threshold: Decimal | None = TODAY, **values: object) -> V2ScoreResponse:
    """The answer for an event of these values."""
    return history_response(ADDRESS, msgspec.json.encode(values).decode(), threshold)


def test_the_whole_answer() -> None:
    """All eleven members are there, in their order; times as the event holds them."""
    shown = answer(
        score="1",
        evidence={"rawScore": "20.000005", "threshold": "20"},
        stamps={"Ens": {"dedup": False, "score": "1.5", "expiration_date": "2099-06-01T00:00Z"}},
        last_score_timestamp="2025-03-01T10:00:00.250Z",
        expiration_date="2099-06-01T00:00:00Z",
        error="odd",
    )
    assert list(msgspec.to_builtins(shown).items()) == [
        ("address", ADDRESS),
        ("score", "20.00000"),
        ("passing_score", True),
        ("last_score_timestamp", "2025-03-01T10:00:00.250Z"),
        ("expiration_timestamp", "2099-06-01T00:00:00Z"),
        ("threshold", "20.00000"),
        ("error", "odd"),
        (
            "stamps",
            {"Ens": {"score": "1.50000", "dedup": False, "expiration_date": "2099-06-01T00:00Z"}},
        ),
        ("points_data", None),
        ("possible_points_data", None),
        ("linked_score", None),
    ]


@pytest.mark.parametrize(
    ("raw", "passing"), [("19.999999", False), ("20", True), ("20.000001", True)]
)
def test_passing_then(raw: str, passing: bool) -> None:
    """The exact sum is held against the threshold of then, not against today's."""
    shown = answer(Decimal(1), score="1", evidence={"rawScore": raw, "threshold": "20"})
    assert shown.passing_score is passing


def test_an_event_without_evidence() -> None:
    """The score stands for the sum, and today's threshold for that of then."""
    shown = answer(score="15.5")
    assert (shown.score, shown.threshold, shown.passing_score) == ("15.50000", "15.50000", True)
    assert (shown.stamps, shown.expiration_timestamp) == ({}, None)


def test_a_threshold_that_nobody_knows() -> None:
    """Nothing is made up."""
    with pytest.raises(UnreadableEvent):
        answer(None, score="15.5")


def test_a_score_that_is_no_number() -> None:
    """What isn't finite is a fault, and never an answer."""
    with pytest.raises(UnusableWeight):
        answer(score="NaN")
