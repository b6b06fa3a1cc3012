"""Scores as they were recorded: in their rows, and in the events of them.

Rows may be older than today's columns, or written by hand, so this reader is lenient, and the
only one:

- A missing or null `rawScore` is the column `score`; and that missing is 0.
- A missing or null threshold, or evidence, is 0 in an event, and the scorer's in a row.
- Whether a score passed is never read: it did if the sum is at least the threshold.
- Stamps are shown as they are stored, with whatever members they have; missing or null ones are
  null in an event, and none in a row.
- Texts of another type are as good as missing; so are the stamps of an event.

What can't be read at all is refused: a number that isn't finite or has more than 100 digits before
the point, evidence that is no object, the stamps of a row that are no object of objects, and a row
that contradicts itself (see `read_row`). A row is then computed again; an event is no score.

Source: specification, http.md ("What was written in other times, or by others").
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
_MOST_DIGITS = 100  # before the point; what answers can show

Value = TypeVar("Value")


class UnreadableScore(PassportScorerError):
    """A recorded score can't be read."""

    code = "unreadable_score"


class RecordedScore(msgspec.Struct, frozen=True):
    """A score that was recorded.

    Attributes:
        raw: the weighted sum.
        threshold: what it is held against.
        stamps: provider -> JSON text of what was shown of it; None if the event has none.
        computed_at: when, as answers show it; None if it isn't known.
        expires_at: when the first stamp that counted expires, as answers show it; None without.
        error: what went wrong, if anything did.
    """

    raw: Decimal
    threshold: Decimal
    stamps: Mapping[str, msgspec.Raw] | None
    computed_at: str | None
    expires_at: str | None
    error: str | None

    @property
    def passing(self) -> bool:
        """Whether the sum is at least the threshold."""
        return self.raw >= self.threshold


class ScoreColumns(msgspec.Struct, frozen=True):
    """The columns of a row of `registry_score` that are shown.

    Attributes:
        score: 1 or 0 in all but old rows.
        error: what went wrong.
        last_score_timestamp: when it was computed; aware.
        expiration_date: when the first stamp that counted expires; aware.
        evidence: JSON text of the comparison that was made.
        stamps: JSON text, provider -> what was shown of it.
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

    A row without stamps has no expiry. One that has both an expiry and an empty object of stamps,
    and evidence without a sum, has lost what it was made of.

    Args:
        columns: of the row.
        scorers_threshold: taken where the row has none; None if the scorer has none, either.

    Raises:
        UnreadableScore: it must be computed again.
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
    """Read the data of a score event: a serialised row with `fields`, or the fields themselves.

    Times are texts, exactly as they were written.

    Raises:
        UnreadableScore: it is neither.
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
    """The sum, and what it was held against; None if nothing says."""
    raw = _number(evidence.raw_score) if evidence else None
    if raw is None:
        raw = _ZERO if score is None else score
    return _shown(raw), _number(evidence.threshold) if evidence else None


def _evidence(document: msgspec.Raw) -> _Evidence | None:
    return None if document == _NULL else _decoded(document, _Evidence)


def _stamps(document: msgspec.Raw) -> dict[str, msgspec.Raw] | None:
    """Provider -> what was shown of it, as it is stored."""
    if document == _NULL:
        return None
    stamps = _decoded(document, dict[str, msgspec.Raw])
    if not all(bytes(stamp).startswith(b"{") for stamp in stamps.values()):
        raise UnreadableScore
    return stamps


def _number(document: msgspec.Raw) -> Decimal | None:
    return None if document == _NULL else _shown(_decoded(document, Decimal))


def _shown(number: Decimal) -> Decimal:
    """The number, if answers can show it."""
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
