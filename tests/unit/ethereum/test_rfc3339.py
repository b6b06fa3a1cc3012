"""Times as RFC 3339 writes them, on the real calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.ethereum.errors import NoSuchTime
from passport_scorer.ethereum.rfc3339 import seconds_at, seconds_of

OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)


@given(st.datetimes(timezones=OFFSETS).filter(lambda time: 1 < time.year < 9999))
def test_every_time_of_the_calendar(time: datetime) -> None:
    """A time written by the standard library is read as the same instant, in either case."""
    text = time.isoformat()
    assert seconds_of(text) == seconds_of(text.lower()) == seconds_at(time)


@given(st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]Z", fullmatch=True))
def test_only_times_of_the_calendar(text: str) -> None:
    """A time is real exactly if the standard library knows it; it knows no year 0."""
    try:
        known = datetime.fromisoformat("2000" + text[4:] if text.startswith("0000") else text)
    except ValueError:
        with pytest.raises(NoSuchTime):
            seconds_of(text)
    else:
        assert text.startswith("0000") or seconds_of(text) == seconds_at(known)


@pytest.mark.parametrize(
    "text",
    [
        "2016-12-31T23:59:60Z",
        "2015-06-30T23:59:60.999Z",
        "2016-12-31T18:59:60-05:00",
        "2017-01-01T00:59:60+01:00",
        "1990-12-31T15:59:60-08:00",
    ],
)
def test_leap_seconds(text: str) -> None:
    """A leap second is the last of a month in UTC, and just before the next one begins."""
    assert 1 <= seconds_of(text) - seconds_of(text.replace(":60", ":59")) < 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "never",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-1-1T00:00:00Z",
        "20260101T000000Z",
        "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2016-12-31T23:59:61Z",
        "2016-12-31T23:59:60-05:00",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00,5Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+00:60",
        "2026-01-01T00:00:00+0000",
        "2026-01-01T00:00:00Z\n",
        "\u0662026-01-01T00:00:00Z",
        "+2026-01-01T00:00:00Z",
        "Thu, 01 Jan 2026 00:00:00 GMT",
    ],
)
def test_no_times(text: str) -> None:
    """Other notations, and days, hours and seconds that don't exist."""
    with pytest.raises(NoSuchTime):
        seconds_of(text)


def test_the_edges() -> None:
    """Year 0 is a leap year before year 1, and offsets may lead beyond both ends."""
    begin = seconds_of("0001-01-01T00:00:00Z")
    assert begin == seconds_at(datetime(1, 1, 1, tzinfo=UTC)) == 0
    assert (
        seconds_of("0000-02-29T00:00:00Z") < seconds_of("0000-01-01T00:00:00+23:59") + 60 * 86_400
    )
    assert seconds_of("0000-12-31T23:59:59Z") == -1
    assert seconds_of("9999-12-31T23:59:59-23:59") > seconds_of("9999-12-31T23:59:59Z")
    assert seconds_of("2026-01-01T00:00:00." + "0" * 99 + "1Z") > seconds_of("2026-01-01T00:00:00Z")
