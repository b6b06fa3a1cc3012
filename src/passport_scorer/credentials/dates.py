"""The dates of a credential, and how they are rewritten before they are hashed.

Which texts are dates, and how they are hashed: docs/rules/credentials.md, "Where verifiers differ".
Years from 0 to 9999, leap seconds in any minute, and years that are -1 or 10000 in another time
zone.

Source: RFC 3339; docs/rules/credentials.md, "Dates".
"""

import re
from datetime import UTC, datetime, timedelta

import msgspec

from passport_scorer.credentials.errors import DateMalformed

_RFC3339 = re.compile(
    r"([0-9]{4})(-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:)([0-9]{2})"
    r"(?:\.([0-9]+))?"
    r"([Zz]|[+-][0-9]{2}:[0-5][0-9])"
)
# Dates that Python parses as they are.
_USUAL = re.compile(
    r"(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{3})?Z"
)
_LEAP_SECOND = "60"
_CYCLE = 400  # years after which the calendar repeats itself
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class Timestamp(msgspec.Struct, frozen=True, gc=False):
    """A date of a credential.

    Attributes:
        written: as in the document.
        instant: the same in UTC, truncated to microseconds; a leap second is the second after it.
            A time outside the years 1 to 9999 is their first or last moment.
        hashed: the text to hash for `issuanceDate` and `expirationDate`.
        hashed_in_utc: the text to hash for `proof.created`.
        is_usual: True for the spelling of issuers: in UTC with a `Z`, in seconds or milliseconds.
    """

    written: str
    instant: datetime
    hashed: str
    hashed_in_utc: str
    is_usual: bool = False


def timestamp(member: str, value: object) -> Timestamp:
    """Return the date in a member of the document.

    Raises:
        DateMalformed: the member is missing (None), not a string, or not an RFC 3339 date of the
            calendar.
    """
    if isinstance(value, str) and _USUAL.fullmatch(value):
        hashed = value.replace(".000Z", "Z")
        return Timestamp(value, _parsed(member, value), hashed, hashed, is_usual=True)
    match = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise DateMalformed(f"`{member}` is missing or isn't an RFC 3339 date.")
    year, day, minute, second, fraction, offset = match.groups(default="")
    if offset in ("z", "-00:00"):
        offset = "+00:00"
    # Shift to a year that Python supports both in local time and in UTC.
    shift = _CYCLE if int(year) < 2 * _CYCLE else -_CYCLE
    plain_second = "59" if second == _LEAP_SECOND else second
    local = _parsed(member, f"{int(year) + shift:04}{day}T{minute}{plain_second}{offset}")
    in_utc = local.astimezone(UTC)
    nanoseconds = _shortest(fraction[:9])
    rest = f"{second}.{nanoseconds}" if nanoseconds else second
    return Timestamp(
        written=match.string,
        instant=_instant(in_utc, shift, leaps=second == _LEAP_SECOND, fraction=fraction),
        hashed=f"{year}{day}T{minute}{rest}{offset}",
        hashed_in_utc=f"{_year(in_utc.year - shift)}{in_utc:-%m-%dT%H:%M:}{rest}Z",
    )


def _parsed(member: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise DateMalformed(f"`{member}` isn't a date of the calendar.") from error


def _instant(in_utc: datetime, shift: int, *, leaps: bool, fraction: str) -> datetime:
    year = in_utc.year - shift
    if not _EARLIEST.year <= year <= _LATEST.year:
        return _EARLIEST if year < _EARLIEST.year else _LATEST
    microsecond = int(fraction[:6].ljust(6, "0"))
    try:
        return in_utc.replace(year=year, microsecond=microsecond) + timedelta(seconds=leaps)
    except OverflowError:
        return _LATEST


def _year(number: int) -> str:
    """Return a year as in ISO 8601: four digits, or more with a sign."""
    if number < 0:
        return f"-{-number:04}"
    return f"{number:04}" if number <= _LATEST.year else f"+{number}"


def _shortest(fraction: str) -> str:
    digits = fraction.rstrip("0")
    return digits.ljust((len(digits) + 2) // 3 * 3, "0")
