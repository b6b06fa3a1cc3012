"""Stored scores: the score in a row, and the score in an event.

Rows can be older than today's columns, or written by hand, so this reader is lenient. It is the
only one.

- A missing or null `rawScore` is the column `score`, and 0 if that is missing, too.
- A missing or null threshold or evidence is 0 in an event, and the scorer's threshold in a row.
- Whether a score passed is never read: it did if the sum is at least the threshold.
- Stamps are shown as they are stored, with whatever members they have; missing or null stamps are
  null for an event, and empty for a row.
- Texts of a different type count as missing; so do the stamps of an event.

Some scores can't be read at all: with a number that isn't finite or has more than 100 digits before
the point, evidence that is not an object, stamps in a row that are not an object of objects, or a
row that contradicts itself (see `read_row`). Such a row is computed again; such an event is not a
score.

Source: docs/rules/stored-data.md, "Odd rows".
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import msgspec

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.timestamps import iso

_NULL = msgspec.Raw(b"null")
_ZERO = Decimal(0)
_MOST_DIGITS = 100  # before the point; as many as responses can show

Value = TypeVar("Value")


class UnreadableScore(PassportScorerError):
    """A stored score can't be read."""

    code = "unreadable_score"


class RecordedScore(msgspec.Struct, frozen=True):
    """A score that was stored.

    Attributes:
        raw: the weighted sum.
        threshold: what the sum is compared with.
        stamps: provider -> JSON text of the stamp as shown; None if the event has none.
        computed_at: the time of the score, as responses show it; None if unknown.
        expires_at: when the first stamp that counted expires, as responses show it; None without
            stamps.
        error: the error, if there was one.
    """

    raw: Decimal
    threshold: Decimal
    stamps: Mapping[str, msgspec.Raw] | None
    computed_at: str | None
    expires_at: str | None
    error: str | None

    @property
    def passing(self) -> bool:
        """True if the sum is at least the threshold."""
        return self.raw >= self.threshold


class ScoreColumns(msgspec.Struct, frozen=True):
    """The columns of a row of `registry_score` that are shown.

    Attributes:
        score: 1 or 0 in all but old rows.
        error: the error, if there was one.
        last_score_timestamp: the time of the score; aware.
        expiration_date: when the first stamp that counted expires; aware.
        evidence: JSON text of the comparison of sum and threshold.
        stamps: JSON text, provider -> the stamp as shown.
    """

    score: Decimal | None
    error: str | None
    last_score_timestamp: datetime | None
    expiration_date: datetime | None
    evidence: str | None
    stamps: str | None

    def has_expired(self, now: datetime) -> bool:
        """Return True if a stamp that counted has expired at `now` (aware)."""
        return self.expiration_date is not None and self.expiration_date <= now


def read_row(columns: ScoreColumns, scorers_threshold: Decimal | None) -> RecordedScore:
    """Read a score's row.

    A row without stamps has no expiry. A row with an expiry, an empty object of stamps, and
    evidence without a sum has lost its data.

    Args:
        columns: of the row.
        scorers_threshold: used if the row has no threshold; None if the scorer has none, either.

    Raises:
        UnreadableScore: the score must be computed again.
    """
    evidence = _evidence(_raw(columns.evidence))
    stamps = _stamps(_raw(columns.stamps))
    if evidence and evidence.raw_score == _NULL and stamps == {} and columns.expiration_date:
        raise UnreadableScore
    raw, threshold = _comparison(columns.score, evidence)
    if threshold is None:
        threshold = scorers_threshold
    if threshold is None:
        raise UnreadableScore
    computed_at, expires_at = columns.last_score_timestamp, columns.expiration_date
    return RecordedScore(
        raw=raw,
        threshold=_shown(threshold),
        stamps=stamps or {},
        computed_at=iso(computed_at) if computed_at else None,
        expires_at=iso(expires_at) if expires_at else None,
        error=columns.error,
    )


def read_event(data: str) -> RecordedScore:
    """Read the data of a score event: a serialized row with `fields`, or the fields themselves.

    Times are texts, exactly as written.

    Raises:
        UnreadableScore: the data is neither.
    """
    whole = _decoded(_raw(data), _Event)
    fields = whole if whole.fields == _NULL else _decoded(whole.fields, _Event)
    raw, threshold = _comparison(_number(fields.score), _evidence(fields.evidence))
    try:
        stamps = _stamps(fields.stamps)
    except UnreadableScore:
        stamps = None
    return RecordedScore(
        raw=raw,
        threshold=_ZERO if threshold is None else threshold,
        stamps=stamps,
        computed_at=_text(fields.last_score_timestamp),
        expires_at=_text(fields.expiration_date),
        error=_text(fields.error),
    )


class _Event(msgspec.Struct, frozen=True):
    fields: msgspec.Raw = _NULL
    score: msgspec.Raw = _NULL
    evidence: msgspec.Raw = _NULL
    stamps: msgspec.Raw = _NULL
    last_score_timestamp: msgspec.Raw = _NULL
    expiration_date: msgspec.Raw = _NULL
    error: msgspec.Raw = _NULL


class _Evidence(msgspec.Struct, frozen=True):
    raw_score: msgspec.Raw = msgspec.field(default=_NULL, name="rawScore")
    threshold: msgspec.Raw = _NULL


def _comparison(
    score: Decimal | None, evidence: _Evidence | None
) -> tuple[Decimal, Decimal | None]:
    """Return the sum and the threshold; None if the threshold is unknown."""
    raw = _number(evidence.raw_score) if evidence else None
    if raw is None:
        raw = _ZERO if score is None else score
    return _shown(raw), _number(evidence.threshold) if evidence else None


def _evidence(document: msgspec.Raw) -> _Evidence | None:
    return None if document == _NULL else _decoded(document, _Evidence)


def _stamps(document: msgspec.Raw) -> dict[str, msgspec.Raw] | None:
    """Return provider -> the stamp as shown, exactly as stored."""
    if document == _NULL:
        return None
    stamps = _decoded(document, dict[str, msgspec.Raw])
    if not all(bytes(stamp).startswith(b"{") for stamp in stamps.values()):
        raise UnreadableScore
    return stamps


def _number(document: msgspec.Raw) -> Decimal | None:
    return None if document == _NULL else _shown(_decoded(document, Decimal))


def _shown(number: Decimal) -> Decimal:
    """Return the number, if responses can show it."""
    if not number.is_finite() or number.adjusted() >= _MOST_DIGITS:
        raise UnreadableScore
    return number


def _text(document: msgspec.Raw) -> str | None:
    try:
        return _decoded(document, str)
    except UnreadableScore:
        return None


def _raw(document: str | None) -> msgspec.Raw:
    return msgspec.Raw((document or "null").encode())


def _decoded(document: msgspec.Raw, kind: type[Value]) -> Value:
    try:
        return msgspec.json.decode(document, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnreadableScore from error
