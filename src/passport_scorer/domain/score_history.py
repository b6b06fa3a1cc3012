"""Earlier scores: when they are asked for, and what their events hold.

Source: specification, http.md (`…/history`).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from passport_scorer.domain.errors import PassportScorerError

# Python reads more than these, such as any character between date and time.
_CREATED_AT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|[0-9]{4}-?W[0-9]{2}-?[1-7])"
    r"([T ](?P<time>[0-9]{2}(:?[0-5][0-9](:?[0-5][0-9]([.,][0-9]{1,30})?)?)?)"
    r"(?P<offset>Z|(?P<sign>[+ -])(?P<amount>[0-9]{2}(:?[0-5][0-9])?))?)?",
    re.IGNORECASE,
)
_NOTHING = Decimal(0)


class NoCreatedAt(PassportScorerError):
    """You must provide created_at as a query param."""

    code = "no_created_at"


class InvalidCreatedAt(PassportScorerError):
    """Invalid created_at: it must be a date or a time in ISO 8601."""

    code = "invalid_created_at"


class NoScoreFound(PassportScorerError):
    """There was no score of an address at a time."""

    code = "no_score_found"

    def __init__(self, address: str, created_at: str) -> None:
        super().__init__(f"No Score Found for {address} at {created_at}")
        self.address = address


class UnreadableEvent(PassportScorerError):
    """A recorded score can't be read."""

    code = "unreadable_event"


class _Evidence(msgspec.Struct, frozen=True):
    raw_score: Decimal | None = msgspec.field(default=None, name="rawScore")
    threshold: Decimal | None = None


class PastStamp(msgspec.Struct, frozen=True):
    """What a stamp scored then.

    Attributes:
        score: its weight; 0 if another address had claimed it.
        dedup: another address had claimed it.
        expiration_date: as the event holds it.
    """

    score: Decimal
    dedup: bool
    expiration_date: str


class PastScore(msgspec.Struct, frozen=True):
    """A score as its event holds it; times are texts, exactly as they were written.

    Attributes:
        score: the column `score`: 1 or 0 in all but old events; None if there was none.
        evidence: the comparison that was made.
        stamps: provider -> what it scored.
        last_score_timestamp: when it was computed.
        expiration_date: when the first stamp that counted expires.
        error: what went wrong.
    """

    score: Decimal | None
    evidence: _Evidence | None = None
    stamps: Mapping[str, PastStamp] | None = None
    last_score_timestamp: str | None = None
    expiration_date: str | None = None
    error: str | None = None

    def raw(self) -> Decimal:
        """Return the weighted sum: the evidence's, else the score itself."""
        if self.evidence and self.evidence.raw_score is not None:
            return self.evidence.raw_score
        return _NOTHING if self.score is None else self.score

    def threshold(self) -> Decimal | None:
        """Return what the sum was held against; None if the event doesn't say."""
        return self.evidence.threshold if self.evidence else None


class _Event(msgspec.Struct, frozen=True):
    fields: PastScore | None = None


_EVENT = msgspec.json.Decoder(_Event)
_BARE_EVENT = msgspec.json.Decoder(PastScore)


def read_event(data: str) -> PastScore:
    """Read the data of a score event: a serialised row with `fields`, or the fields themselves.

    Raises:
        UnreadableEvent: it is neither.
    """
    try:
        return _EVENT.decode(data).fields or _BARE_EVENT.decode(data)
    except (msgspec.MsgspecError, ValueError) as error:
        raise UnreadableEvent from error


def parse_created_at(text: str) -> datetime:
    """Read the time at which a score is asked for.

    Args:
        text: a date or a time in ISO 8601. A date is its first moment; a time without an offset
            is in UTC. Instead of the `+` of an offset there may be a blank: that is what becomes
            of a `+` in a query.

    Returns:
        An aware time.

    Raises:
        NoCreatedAt: it is empty.
        InvalidCreatedAt: it is anything else, or out of the years 1 to 9999.
    """
    if not text:
        raise NoCreatedAt
    match = _CREATED_AT.fullmatch(text)
    if not match:
        raise InvalidCreatedAt
    offset = match["offset"] or "Z"
    if match["sign"] == " ":
        offset = "+" + match["amount"]
    try:
        time = datetime.fromisoformat(f"{match['date']}T{match['time'] or '00'}{offset}".upper())
        return time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidCreatedAt from error
