"""The score object (`V2ScoreResponse`). Source: docs/rules/partner-api.md, "Score"."""

from __future__ import annotations

from typing import cast

import msgspec

from passport_scorer.api.operations.examples import ADDRESS, EXPIRES_AT, OWNER_ADDRESS, SCORED_AT
from passport_scorer.domain.decimals import five_decimals
from passport_scorer.domain.human_points import Points, PointsState, points_of, possible_points
from passport_scorer.domain.scores import ShownStamp
from passport_scorer.domain.scoring import SavedScore
from passport_scorer.domain.stored_scores import RecordedScore
from passport_scorer.domain.timestamps import iso


class V2ScoreResponse(msgspec.Struct, frozen=True):
    """The score of an address in a community; all members are always present, in this order.

    Attributes:
        address: the address that was scored, in lower case.
        score: the sum of the weights of the stamps that count, with five decimals.
        passing_score: whether the sum is at least the threshold.
        last_score_timestamp: when this score was computed.
        expiration_timestamp: when the first counted stamp expires; null without stamps.
        threshold: the minimum sum for a passing score, with five decimals.
        error: reserved; null.
        stamps: provider -> the score of its stamp. Expired, revoked and unverified stamps are not
            listed. Null in a past score that was recorded without stamps.
        points_data: the Human Points of the address; null if the community does not take part.
        possible_points_data: the Human Points that each action awards; null if the community does
            not take part.
        linked_score: reserved; null.
    """

    address: str
    score: str
    passing_score: bool
    last_score_timestamp: str | None
    expiration_timestamp: str | None
    threshold: str
    error: str | None
    stamps: dict[str, ShownStamp] | None
    points_data: Points | None
    possible_points_data: Points | None
    linked_score: None


def score_response(saved: SavedScore, *, with_points: bool) -> V2ScoreResponse:
    """Return the response for a score that was just computed.

    Args:
        saved: the score that was saved.
        with_points: True to include Human Points if the community takes part.
    """
    score = saved.score
    points = saved.points if with_points else None
    return V2ScoreResponse(
        address=saved.address,
        score=five_decimals(score.raw),
        passing_score=score.passing,
        last_score_timestamp=iso(saved.computed_at),
        expiration_timestamp=iso(score.expires_at) if score.expires_at else None,
        threshold=five_decimals(score.threshold),
        error=None,
        stamps=cast("dict[str, ShownStamp]", msgspec.Raw(score.stamps.encode())),  # the same JSON
        points_data=points_of(points) if points else None,
        possible_points_data=possible_points(points) if points else None,
        linked_score=None,
    )


def recorded_score_response(
    address: str, score: RecordedScore, points: PointsState | None = None
) -> V2ScoreResponse:
    """Return the response for a score that was recorded earlier.

    Args:
        address: the address that was scored.
        score: the score as it was recorded.
        points: the Human Points to include; None to include none.
    """
    return V2ScoreResponse(
        address=address,
        score=five_decimals(score.raw),
        passing_score=score.passing,
        last_score_timestamp=score.computed_at,
        expiration_timestamp=score.expires_at,
        threshold=five_decimals(score.threshold),
        error=score.error,
        # As stored: old rows can have other members.
        stamps=cast("dict[str, ShownStamp] | None", score.stamps),
        points_data=points_of(points) if points else None,
        possible_points_data=possible_points(points) if points else None,
        linked_score=None,
    )


EXAMPLE = V2ScoreResponse(
    address=ADDRESS,
    score="21.31100",
    passing_score=True,
    last_score_timestamp=SCORED_AT,
    expiration_timestamp=EXPIRES_AT,
    threshold="20.00000",
    error=None,
    stamps={
        provider: ShownStamp(weight, dedup=False, expiration_date=EXPIRES_AT)
        for provider, weight in {
            "Google": "0.52500",
            "Github": "1.50000",
            "Ens": "0.20800",
            "HolonymGovIdProvider": "16.02600",
            "HolonymPhone": "1.52100",
            "Linkedin": "1.53100",
        }.items()
    },
    points_data=None,
    possible_points_data=None,
    linked_score=None,
)
OWNER_EXAMPLE = msgspec.structs.replace(
    EXAMPLE,
    address=OWNER_ADDRESS,
    score="0.73300",
    passing_score=False,
    stamps={
        "Google": ShownStamp("0.52500", dedup=False, expiration_date=EXPIRES_AT),
        "Ens": ShownStamp("0.20800", dedup=False, expiration_date=EXPIRES_AT),
    },
)
