"""A score as it was recorded earlier."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.score import ShownStamp


class UnreadableScore(PassportScorerError):
    """A recorded score has a shape that is not known."""

    code = "unreadable_score"


class Evidence(msgspec.Struct, frozen=True):
    """The comparison that was made, as `registry_score.evidence` holds it."""

    raw_score: Decimal = msgspec.field(name="rawScore")
    threshold: Decimal
    success: bool


class RecordedScore(msgspec.Struct, frozen=True):
    """A row of `registry_score`.

    Attributes:
        evidence: the comparison.
        computed_at: when; aware.
        expires_at: when the first stamp that counted expires; None without stamps.
        error: what went wrong, if anything did.
        stamps: provider -> what was shown of it.
    """

    evidence: Evidence
    computed_at: datetime | None
    expires_at: datetime | None
    error: str | None
    stamps: Mapping[str, ShownStamp]

    def has_expired(self, now: datetime) -> bool:
        """Return True if a stamp that counted has expired at `now` (aware)."""
        return self.expires_at is not None and self.expires_at <= now


def read_evidence(document: str | None) -> Evidence | None:
    """Read the JSON of `evidence`; None if the row has none, and must be computed anew.

    Raises:
        UnreadableScore: it has another shape.
    """
    try:
        return _EVIDENCE.decode(document or "null")
    except msgspec.MsgspecError as error:
        raise UnreadableScore from error


def read_stamps(document: str | None) -> Mapping[str, ShownStamp]:
    """Read the JSON of `stamps`: provider -> what was shown of it.

    Raises:
        UnreadableScore: it has another shape.
    """
    try:
        return _STAMPS.decode(document or "null") or {}
    except msgspec.MsgspecError as error:
        raise UnreadableScore from error


_EVIDENCE: msgspec.json.Decoder[Evidence | None] = msgspec.json.Decoder(Evidence | None)
_STAMPS: msgspec.json.Decoder[dict[str, ShownStamp] | None] = msgspec.json.Decoder(
    dict[str, ShownStamp] | None
)
