"""Dates, and how they are rewritten."""

from datetime import UTC, datetime

import pytest

from passport_scorer.credentials.dates import timestamp
from passport_scorer.credentials.errors import DateMalformed


@pytest.mark.parametrize(
    ("written", "hashed", "in_utc"),
    [
        ("2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("2025-01-01T00:00:00.000Z", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("2025-01-01T00:00:00.1Z", "2025-01-01T00:00:00.100Z", "2025-01-01T00:00:00.100Z"),
        ("2025-01-01T00:00:00.1234Z", "2025-01-01T00:00:00.123400Z", "2025-01-01T00:00:00.123400Z"),
        (
            "2025-01-01T00:00:00.123456789+00:00",
            "2025-01-01T00:00:00.123456789+00:00",
            "2025-01-01T00:00:00.123456789Z",
        ),
        (
            "2025-01-01T01:00:00.5+02:30",
            "2025-01-01T01:00:00.500+02:30",
            "2024-12-31T22:30:00.500Z",
        ),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ],
)
def test_fractions_are_as_short_as_is_exact(written: str, hashed: str, in_utc: str) -> None:
    """A fraction is hashed in 0, 3, 6 or 9 digits; the offset stays, or becomes UTC."""
    date = timestamp("created", written)
    assert (date.written, date.hashed(), date.hashed_in_utc()) == (written, hashed, in_utc)


def test_an_instant_is_cut_to_microseconds() -> None:
    """Nine digits of fraction are hashed, but six are enough to compare times."""
    date = timestamp("created", "2025-01-01T02:00:00.123456789+02:00")
    assert date.instant == datetime(2025, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        None,
        5,
        "",
        "2025-01-01",
        "2025-01-01 00:00:00Z",
        "2025-01-01T00:00:00",
        "2025-01-01t00:00:00z",
        "2025-01-01T00:00:00.Z",
        "2025-01-01T00:00:00.1234567890Z",
        "2025-02-30T00:00:00Z",
        "2025-01-01T24:00:01Z",
        "2025-01-01T23:59:60Z",
        "2025-01-01T00:00:00+24:00",
        "0000-01-01T00:00:00Z",
        "٢٠٢٥-01-01T00:00:00Z",
        "2025-01-01T00:00:00Z\n",
    ],
)
def test_other_spellings_are_refused(written: object) -> None:
    """What isn't strictly RFC 3339, or not in the calendar, is no date."""
    with pytest.raises(DateMalformed, match="expirationDate"):
        timestamp("expirationDate", written)


def test_a_date_outside_the_calendar_of_utc_is_refused() -> None:
    """A first of January of the year 1 east of Greenwich has no date in UTC."""
    date = timestamp("created", "0001-01-01T00:00:00+01:00")
    with pytest.raises(DateMalformed, match="calendar"):
        date.hashed_in_utc()
