"""The dates of a credential, and how they are rewritten before they are hashed.

Source: RFC 3339; specification, credentials.md ("Dates are rewritten before hashing").
"""

import re
from datetime import UTC, datetime

import msgspec

from passport_scorer.credentials.errors import DateMalformed

_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.([0-9]{1,9}))?"
    r"(Z|[+-][0-9]{2}:[0-5][0-9])"
)


class Timestamp(msgspec.Struct, frozen=True, gc=False):
    """A date of a credential.

    Attributes:
        written: as it stands in the document.
        instant: the same as an aware time in its own offset, cut to microseconds.
        fraction: the fraction of the second, in 0, 3, 6 or 9 digits (the shortest exact one).
        offset: `Z` or `±hh:mm`, as it was written.
    """

    written: str
    instant: datetime
    fraction: str
    offset: str

    def hashed(self) -> str:
        """The text that is hashed for `issuanceDate` and `expirationDate`."""
        return self._text(self.instant, self.offset)

    def hashed_in_utc(self) -> str:
        """The text that is hashed for `proof.created`.

        Raises:
            DateMalformed: UTC has no such year (before 1, after 9999).
        """
        return self._text(self.in_utc(), "Z")

    def in_utc(self) -> datetime:
        """The instant in UTC, cut to microseconds.

        Raises:
            DateMalformed: UTC has no such year (before 1, after 9999).
        """
        try:
            return self.instant.astimezone(UTC)
        except OverflowError as error:
            raise DateMalformed("A date lies outside the calendar.") from error

    def _text(self, moment: datetime, offset: str) -> str:
        seconds = moment.replace(tzinfo=None, microsecond=0).isoformat()
        return f"{seconds}.{self.fraction}{offset}" if self.fraction else f"{seconds}{offset}"


def timestamp(member: str, value: object) -> Timestamp:
    """The date that a member of the document holds.

    Strict where RFC 3339 leaves room (`t`, `z`, blanks, leap seconds, `-00:00` for "unknown"
    is taken as an offset like any other): nothing that signs stamps writes it.

    Raises:
        DateMalformed: the member is absent (None), no string, or no RFC 3339 date with at most
            nine digits of fraction.
    """
    match = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise DateMalformed(f"`{member}` is missing or isn't an RFC 3339 date.")
    seconds, fraction, offset = match.groups(default="")
    try:
        instant = datetime.fromisoformat(f"{seconds}.{fraction.ljust(6, '0')[:6]}{offset}")
    except ValueError as error:
        raise DateMalformed(f"`{member}` isn't a date of the calendar.") from error
    return Timestamp(match.string, instant, _shortest(fraction), offset)


def _shortest(fraction: str) -> str:
    digits = fraction.rstrip("0")
    return digits.ljust((len(digits) + 2) // 3 * 3, "0")
