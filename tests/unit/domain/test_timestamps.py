"""Times as answers and events write them."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.timestamps import event_time, iso

OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2999, 1, 1), timezones=OFFSETS)  # noqa: DTZ001


@given(time=TIMES)
def test_answers_write_the_same_instant_in_utc(time: datetime) -> None:
    """Whatever its zone, an instant is written in UTC and read back as itself."""
    written = datetime.fromisoformat(iso(time))
    assert (written, written.utcoffset()) == (time, timedelta(0))


@given(time=TIMES)
def test_events_write_the_millisecond_that_has_begun(time: datetime) -> None:
    """An event's time is the instant, in UTC, truncated to the millisecond."""
    written = datetime.fromisoformat(event_time(time))
    beyond = timedelta(microseconds=time.microsecond % 1000)
    assert (written, written.utcoffset()) == (time - beyond, timedelta(0))


@pytest.mark.parametrize(
    ("microsecond", "in_answers", "in_events"),
    [
        (0, "2026-11-24T03:30:00+00:00", "2026-11-24T03:30:00Z"),
        (123456, "2026-11-24T03:30:00.123456+00:00", "2026-11-24T03:30:00.123Z"),
        (250000, "2026-11-24T03:30:00.250000+00:00", "2026-11-24T03:30:00.250Z"),
        (7000, "2026-11-24T03:30:00.007000+00:00", "2026-11-24T03:30:00.007Z"),
        (999999, "2026-11-24T03:30:00.999999+00:00", "2026-11-24T03:30:00.999Z"),
    ],
)
def test_the_formats(microsecond: int, in_answers: str, in_events: str) -> None:
    """A fraction is left out when it is zero; else it has six digits, or three in events."""
    time = datetime(2026, 11, 24, 3, 30, 0, microsecond, tzinfo=UTC)
    assert (iso(time), event_time(time)) == (in_answers, in_events)


@given(time=TIMES)
def test_events_write_no_other_digits(time: datetime) -> None:
    """An event's time has either no fraction or three digits of it, and ends in Z."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", event_time(time))
