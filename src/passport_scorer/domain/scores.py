"""A computed score, and the JSON that its row and its event record.

Source: docs/rules/scoring.md, "Score".
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from passport_scorer.domain.community import Community
from passport_scorer.domain.decimals import exact_sum, five_decimals, plain
from passport_scorer.domain.deduplication import Clash, Deduplication

_JSON = msgspec.json.Encoder(decimal_format="number")


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
    """A computed score, without the time at which it was computed.

    Attributes:
        raw: the exact weighted sum.
        threshold: what the sum is compared with.
        passing: raw >= threshold.
        expires_at: when the first stamp that counts expires; None without stamps.
        stamp_scores: provider -> weight, kept stamps only.
        stamps: provider -> the stamp as shown, kept and clashing.
    """

    raw: Decimal
    threshold: Decimal
    passing: bool
    expires_at: datetime | None
    stamp_scores: Mapping[str, Decimal]
    stamps: Mapping[str, ShownStamp]

    @property
    def binary(self) -> int:
        """The column `score`: 1 for a passing score, else 0."""
        return int(self.passing)


class ScoreRecord(msgspec.Struct, frozen=True, gc=False):
    """The JSON columns of a score's row, as texts."""

    evidence: str
    stamp_scores: str
    stamps: str


class ShownScore(msgspec.Struct, frozen=True, gc=False):
    """The parts of a computed score that responses show.

    Attributes:
        raw: the exact weighted sum.
        threshold: what the sum is compared with.
        passing: raw >= threshold.
        expires_at: when the first stamp that counts expires; None without stamps.
        stamps: JSON text, provider -> the stamp as shown, kept and clashing.
    """

    raw: Decimal
    threshold: Decimal
    passing: bool
    expires_at: datetime | None
    stamps: str


def shown_score(score: Score, record: ScoreRecord) -> ShownScore:
    """Return the parts of a score that responses show; `record` is of the same score."""
    return ShownScore(score.raw, score.threshold, score.passing, score.expires_at, record.stamps)


def compute_score(community: Community, deduplication: Deduplication) -> Score:
    """Sum up the weights of the kept stamps and compare the sum with the threshold.

    Raises:
        UnusableWeight: the scorer's weights can't be summed up.

    Source: docs/rules/scoring.md, "Score".
    """
    stamp_scores = {
        stamp.provider: community.weight(stamp.provider) for stamp in deduplication.kept
    }
    raw = exact_sum(stamp_scores.values())
    shown = {
        stamp.provider: ShownStamp(
            five_decimals(stamp_scores[stamp.provider]),
            dedup=False,
            expiration_date=stamp.expiration_shown,
        )
        for stamp in deduplication.kept
    }
    shown |= {clash.stamp.provider: _shown_clash(clash) for clash in deduplication.clashes}
    return Score(
        raw=raw,
        threshold=community.threshold,
        passing=raw >= community.threshold,
        expires_at=min((stamp.expires_at for stamp in deduplication.kept), default=None),
        stamp_scores=stamp_scores,
        stamps=shown,
    )


def _shown_clash(clash: Clash) -> ShownStamp:
    return ShownStamp("0.00000", dedup=True, expiration_date=clash.stamp.expiration_date)


def score_record(score: Score) -> ScoreRecord:
    """Encode a score for its row and its event."""
    return ScoreRecord(
        evidence=_json(_evidence(score)),
        stamp_scores=_json(score.stamp_scores),
        stamps=_json(score.stamps),
    )


def _evidence(score: Score) -> dict[str, Any]:
    return {
        "type": "ThresholdScoreCheck",
        "success": score.passing,
        "rawScore": plain(score.raw),
        "threshold": five_decimals(score.threshold),
    }


def _json(value: object) -> str:
    return _JSON.encode(value).decode()
