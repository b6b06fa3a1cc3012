"""Past scores: the time of a request for one."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.score_history import (
    InvalidCreatedAt,
    NoCreatedAt,
    NoScoreFound,
    parse_created_at,
)

NOON = datetime(2025, 5, 1, 12, tzinfo=UTC)


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
    """Offsets count, no offset is UTC, and a space means the `+` of an offset."""
    assert parse_created_at(text) == NOON


def test_a_date_is_its_first_moment() -> None:
    """A date alone is midnight in UTC."""
    assert parse_created_at("2025-05-01") == NOON - timedelta(hours=12)


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda time: 1 < time.year < 9999),
    st.integers(-23 * 60, 23 * 60),
)
def test_a_written_time_is_read_back(time: datetime, minutes: int) -> None:
    """Any time with any offset is that moment, also after decoding of the query."""
    text = time.astimezone(timezone(timedelta(minutes=minutes))).isoformat()
    assert parse_created_at(text) == time
    assert parse_created_at(text.replace("+", " ")) == time


def test_an_empty_time() -> None:
    """An empty text has an error of its own."""
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
    """Other texts, and times out of the years 1 to 9999, are rejected."""
    with pytest.raises(InvalidCreatedAt):
        parse_created_at(text)


@given(st.text())
def test_any_text(text: str) -> None:
    """Any text is an aware time or rejected."""
    with suppress(NoCreatedAt, InvalidCreatedAt):
        assert parse_created_at(text).tzinfo is UTC


def test_the_sentence_of_no_score() -> None:
    """The message names the address, and the time as written."""
    error = NoScoreFound("0xabc", "yesterday")
    assert (error.message, error.address) == ("No Score Found for 0xabc at yesterday", "0xabc")
