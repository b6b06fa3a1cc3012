"""Dates, and how they are rewritten."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.credentials.dates import Timestamp, timestamp
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
        (
            "2025-01-01T00:00:00.1234567899Z",
            "2025-01-01T00:00:00.123456789Z",
            "2025-01-01T00:00:00.123456789Z",
        ),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0000-02-29T00:00:00Z", "0000-02-29T00:00:00Z", "0000-02-29T00:00:00Z"),
        ("0000-01-01T00:00:00+01:00", "0000-01-01T00:00:00+01:00", "-0001-12-31T23:00:00Z"),
        ("9999-12-31T23:00:00-01:00", "9999-12-31T23:00:00-01:00", "+10000-01-01T00:00:00Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60Z", "2016-12-31T23:59:60Z"),
        (
            "2016-12-31T12:34:60.5+01:00",
            "2016-12-31T12:34:60.500+01:00",
            "2016-12-31T11:34:60.500Z",
        ),
        ("2025-01-01t00:00:00z", "2025-01-01T00:00:00+00:00", "2025-01-01T00:00:00Z"),
        ("2025-01-01T00:00:00-00:00", "2025-01-01T00:00:00+00:00", "2025-01-01T00:00:00Z"),
    ],
)
def test_fractions_are_as_short_as_is_exact(written: str, hashed: str, in_utc: str) -> None:
    """A fraction is hashed in 0, 3, 6 or 9 digits; the offset stays, or becomes UTC."""
    date = timestamp("created", written)
    assert (date.written, date.hashed, date.hashed_in_utc) == (written, hashed, in_utc)


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
        "2025-01-01T00:00:00UTC",
        " 2025-01-01T00:00:00Z",
        "+2025-01-01T00:00:00Z",
        "2025-01-01T00:00:00.Z",
        "2025-02-30T00:00:00Z",
        "2025-01-01T24:00:01Z",
        "2025-01-01T23:59:61Z",
        "2025-01-01T23:60:00Z",
        "2025-01-01T00:00:00+24:00",
        "2100-02-29T00:00:00Z",
        "٢٠٢٥-01-01T00:00:00Z",
        "2025-01-01T00:00:00Z\n",
    ],
)
def test_other_spellings_are_refused(written: object) -> None:
    """Text that isn't strictly RFC 3339, or not in the calendar, is not a date."""
    with pytest.raises(DateMalformed, match="expirationDate"):
        timestamp("expirationDate", written)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2016-12-31T23:59:60.5Z", datetime(2017, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("0000-06-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+01:00", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59-01:00", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:59:60Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:59:59.5Z", datetime(9999, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)),
        ("0400-01-01T00:00:00.5Z", datetime(400, 1, 1, microsecond=500_000, tzinfo=UTC)),
        ("0401-01-01T00:00:00+01:00", datetime(400, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_every_date_has_an_instant(written: str, instant: datetime) -> None:
    """A leap second is the one after it; outside the calendar is its first or last moment."""
    assert timestamp("expirationDate", written).instant == instant


@given(
    st.datetimes(),
    st.sampled_from(["", ".000", ".100", ".120", ".123"]),
)
def test_the_spelling_of_issuers_is_read_like_others(moment: datetime, fraction: str) -> None:
    """A date in UTC is the same as with a digit more, which is read in another way."""
    text = f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + fraction
    usual = timestamp("created", f"{text}Z")
    other = timestamp("created", f"{text}{'0' if fraction else '.0'}Z")
    assert (usual.is_usual, other.is_usual) == (True, False)
    assert usual == Timestamp(
        f"{text}Z", other.instant, other.hashed, other.hashed_in_utc, is_usual=True
    )
