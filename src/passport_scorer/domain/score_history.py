"""Past scores: the time of a request for one.

Source: docs/rules/partner-api.md, "History".
"""

import re
from datetime import UTC, datetime

import msgspec

from passport_scorer.domain.api_key import ApiKey
from passport_scorer.domain.errors import PassportScorerError

# Python accepts more, such as any character between date and time.
_CREATED_AT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|[0-9]{4}-?W[0-9]{2}-?[1-7])"
    r"([T ](?P<time>[0-9]{2}(:?[0-5][0-9](:?[0-5][0-9]([.,][0-9]{1,30})?)?)?)"
    r"(?P<offset>Z|(?P<sign>[+ -])(?P<amount>[0-9]{2}(:?[0-5][0-9])?))?)?",
    re.IGNORECASE,
)


class NoCreatedAt(PassportScorerError):
    """You must provide created_at as a query param."""

    code = "no_created_at"


class InvalidCreatedAt(PassportScorerError):
    """Invalid created_at: it must be a date or a time in ISO 8601."""

    code = "invalid_created_at"


class NoScoreFound(PassportScorerError):
    """An address had no score at a time."""

    code = "no_score_found"

    def __init__(self, address: str, created_at: str) -> None:
        super().__init__(f"No Score Found for {address} at {created_at}")
        self.address = address


class HistoricalScore(msgspec.Struct, frozen=True):
    """The newest score at or before a time, as a partner reads it.

    Attributes:
        key: the partner's API key; None: unknown, and nothing was read.
        community_id: the community of the score; None: the partner's account has no such one.
        data: what was recorded, for `stored_score.read_event`; None: there is no such score.
    """

    key: ApiKey | None
    community_id: int | None = None
    data: str | None = None


def parse_created_at(text: str) -> datetime:
    """Return the time in a request for a past score; aware.

    Args:
        text: a date or a time in ISO 8601. A date is its first moment; a time without an offset
            is in UTC. The `+` of an offset can be a space, which a `+` in a query means.

    Raises:
        NoCreatedAt: the text is empty.
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
