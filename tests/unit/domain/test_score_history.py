"""Earlier scores: the times at which they are asked for, and what their events hold."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.score_history import (
    InvalidCreatedAt,
    NoCreatedAt,
    NoScoreFound,
    PastScore,
    UnreadableEvent,
    parse_created_at,
    read_event,
)

NOON = datetime(2025, 5, 1, 12, tzinfo=UTC)
VALUES = {
    "score": "1",
    "error": None,
    "stamps": {"Ens": {"dedup": True, "score": "0.00000", "expiration_date": "2099-06-01"}},
    "evidence": {"rawScore": "20.733", "threshold": "20.00000", "success": True},
    "expiration_date": "2099-05-01T00:00:00Z",
    "last_score_timestamp": "2025-03-01T10:00:00.250Z",
}


def event(**values: object) -> PastScore:
    """The event of these values, in the shape without `fields`."""
    return read_event(msgspec.json.encode({**VALUES, **values}).decode())


@pytest.mark.parametrize(
    "text",
    [
        "2025-05-01T12:00:00Z",
        "2025-05-01T12:00:00",
        "2025-05-01 12:00:00",
        "2025-05-01t12:00:00z",
        "2025-05-01T12:00",
        "2025-05-01T12",
        "2025-05-01T12Z",
        "20250501T120000Z",
        "2025-W18-4T12:00",
        "2025-05-01T14:00:00+02:00",
        "2025-05-01T14:00:00 02:00",
        "2025-05-01 14:00:00 0200",
        "2025-05-01T14 02",
        "2025-05-01T06:30:00-0530",
        "2025-05-01T12:00:00.000",
        "2025-05-01T12:00:00,000000000Z",
    ],
)
def test_one_moment_in_many_notations(text: str) -> None:
    """Offsets count, no offset is UTC, and a blank stands for the + that a query has eaten."""
    assert parse_created_at(text) == NOON


def test_a_date_is_its_first_moment() -> None:
    """A date alone is midnight in UTC."""
    assert parse_created_at("2025-05-01") == NOON - timedelta(hours=12)


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda time: 1 < time.year < 9999),
    st.integers(-23 * 60, 23 * 60),
)
def test_what_is_written_is_what_is_read(time: datetime, minutes: int) -> None:
    """Any time, written with any offset, is that moment; so is what a query makes of it."""
    text = time.astimezone(timezone(timedelta(minutes=minutes))).isoformat()
    assert parse_created_at(text) == time
    assert parse_created_at(text.replace("+", " ")) == time


def test_an_empty_time() -> None:
    """Nothing is refused in words of its own."""
    with pytest.raises(NoCreatedAt, match=r"You must provide created_at as a query param\."):
        parse_created_at("")


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "yesterday",
        "12:00",
        "2025",
        "2025-05",
        "2025-13-01",
        "2025-02-29",
        "2025-05-01T24:00:01",
        "2025-05-01T12:60",
        "2025-05-01x12:00",
        "2025-05-0112:00",
        "2025-05-01T12:00:00+25:00",
        "2025-05-01T12:00:00Z ",
        "2025-05-01T12:00:00Z\n",
        "٢٠٢٥-05-01",
        "0000-01-01",
        "12025-05-01",
        "-2025-05-01",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:00:00-02:00",
        "1746100800",
        "2025-05-01\0",
        "2025-05-01T12:00:00." + "1" * 5000,
    ],
)
def test_nonsense(text: str) -> None:
    """What is no time, or none between the years 1 and 9999, is refused."""
    with pytest.raises(InvalidCreatedAt):
        parse_created_at(text)


@given(st.text())
def test_any_text(text: str) -> None:
    """Whatever is written, it is an aware time or refused."""
    with suppress(NoCreatedAt, InvalidCreatedAt):
        assert parse_created_at(text).tzinfo is UTC


def test_both_shapes_are_the_same() -> None:
    """It doesn't matter whether the values lie under `fields`."""
    wrapped = {"pk": 1, "model": "registry.score", "fields": {**VALUES, "passport": 5}}
    assert read_event(msgspec.json.encode(wrapped).decode()) == event()


def test_values_are_kept() -> None:
    """Numbers are exact, and times the texts that were written."""
    past = event()
    assert (past.raw(), past.threshold()) == (Decimal("20.733"), Decimal("20.00000"))
    assert past.last_score_timestamp == "2025-03-01T10:00:00.250Z"
    assert past.expiration_date == "2099-05-01T00:00:00Z"


@pytest.mark.parametrize(
    ("score", "evidence", "raw"),
    [
        ("1", {"rawScore": "0"}, "0"),
        ("1", {"rawScore": 20.1}, "20.1"),
        ("12.5", {"rawScore": None}, "12.5"),
        ("12.5", {}, "12.5"),
        (12.5, None, "12.5"),
        (None, None, "0"),
    ],
)
def test_the_raw_score(score: object, evidence: object, raw: str) -> None:
    """The evidence's where there is one, also 0; else the score; 0 if there was none."""
    assert event(score=score, evidence=evidence).raw() == Decimal(raw)


def test_an_event_that_does_not_say_its_threshold() -> None:
    """Without evidence nobody knows what the threshold was."""
    assert event(evidence=None).threshold() is None


def test_members_that_are_missing() -> None:
    """Old events have less; what isn't there is none."""
    past = read_event('{"score": "3"}')
    assert past == PastScore(Decimal(3))


@pytest.mark.parametrize(
    "data",
    ["[]", "1", "null", "{}", '{"fields": 1}', '{"score": "much"}', '{"score": "1", "stamps": []}'],
)
def test_what_is_no_score(data: str) -> None:
    """An event of any other shape is refused."""
    with pytest.raises(UnreadableEvent):
        read_event(data)


def test_the_sentence_of_no_score() -> None:
    """It names the address, and the time as it was written."""
    error = NoScoreFound("0xabc", "yesterday")
    assert (error.message, error.address) == ("No Score Found for 0xabc at yesterday", "0xabc")
