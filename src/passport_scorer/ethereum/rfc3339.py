"""RFC 3339 timestamps on the proleptic Gregorian calendar, with leap seconds.

Source: RFC 3339, section 5.6 ("Internet Date/Time Format") and 5.7 ("Restrictions").
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from fractions import Fraction

from passport_scorer.ethereum.errors import NoSuchTime

_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,100}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_DAY = 24 * 60 * 60
_DAYS_OF_400_YEARS = 146_097  # the cycle of the Gregorian calendar


def seconds_of(text: str) -> Fraction:
    """Return the seconds from the beginning of year 1 (UTC) to a time; negative for year 0.

    Args:
        text: a `date-time`: years 0000 to 9999, a fraction of up to 100 digits, any offset. A
            leap second is valid at the end of a month in UTC.

    Raises:
        NoSuchTime: the format is different, or there is no such day, hour or second.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise NoSuchTime
    year, month, day, hour, minute, second = (int(digits) for digits in match.groups()[:6])
    fraction, sign, offset_hour, offset_minute = match.groups()[6:]
    if not 1 <= month <= 12 or not 1 <= day <= monthrange(year, month)[1]:
        raise NoSuchTime
    offset = _seconds(int(offset_hour or 0), int(offset_minute or 0))
    whole = _days(year, month, day) * _DAY + _seconds(hour, minute)
    whole -= -offset if sign == "-" else offset
    if second > 60 or (second == 60 and not _ends_a_month(whole + 60)):
        raise NoSuchTime
    return whole + second + Fraction(f"0.{fraction or 0}")


def seconds_at(time: datetime) -> Fraction:
    """Return the seconds from the beginning of year 1 (UTC) to an aware time."""
    since = time - datetime(1, 1, 1, tzinfo=UTC)
    return since.days * _DAY + since.seconds + Fraction(since.microseconds, 1_000_000)


def _seconds(hour: int, minute: int) -> int:
    if hour > 23 or minute > 59:
        raise NoSuchTime
    return (hour * 60 + minute) * 60


def _days(year: int, month: int, day: int) -> int:
    """Return the days since the first of year 1, also for year 0, which `date` does not know."""
    cycles, in_cycle = divmod(year, 400)
    alike = date(2000 + in_cycle, month, day).toordinal() - 1
    return alike + (cycles - 5) * _DAYS_OF_400_YEARS


def _ends_a_month(seconds: int) -> bool:
    """Return True if these seconds are midnight (UTC) before the first day of a month."""
    days, rest = divmod(seconds, _DAY)
    return rest == 0 and date.fromordinal(days % _DAYS_OF_400_YEARS + 1).day == 1
