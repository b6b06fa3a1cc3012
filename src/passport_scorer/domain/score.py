"""A computed score, and what is shown of its stamps."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import msgspec


class ShownStamp(msgspec.Struct, frozen=True):
    """A stamp in a score.

    Attributes:
        score: the weight of the stamp, five decimals; `0.00000` if it is a duplicate.
        dedup: true if another address claimed the stamp first, so that it does not count.
        expiration_date: when the stamp expires; null only in some old recorded scores.
    """

    score: str
    dedup: bool
    expiration_date: str | None


class Score(msgspec.Struct, frozen=True):
    """A computed score.

    Attributes:
        raw: the exact weighted sum.
        threshold: what it was held against.
        passing: raw >= threshold.
        computed_at: when.
        expires_at: when the first stamp that counts expires; None without stamps.
        stamp_scores: provider -> weight, kept stamps only.
        stamps: provider -> what is shown of it, kept and clashing.
    """

    raw: Decimal
    threshold: Decimal
    passing: bool
    computed_at: datetime
    expires_at: datetime | None
    stamp_scores: Mapping[str, Decimal]
    stamps: Mapping[str, ShownStamp]
