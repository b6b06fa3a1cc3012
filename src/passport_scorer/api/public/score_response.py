"""The score object (`V2ScoreResponse`). Source: specification, http.md."""

from __future__ import annotations

from typing import cast

import msgspec

from passport_scorer.domain.decimals import five_decimals
from passport_scorer.domain.human_points import Points, PointsState, points_of, possible_points
from passport_scorer.domain.score import ShownStamp
from passport_scorer.domain.scoring import Outcome
from passport_scorer.domain.stored_score import RecordedScore
from passport_scorer.domain.times import iso


class V2ScoreResponse(msgspec.Struct, frozen=True):
    """The score of an address in a community; all members are always there, in this order.

    Attributes:
        address: in lower case.
        score: the weighted sum, five decimals.
        passing_score: the sum is at least the threshold.
        last_score_timestamp: when this score was computed.
        expiration_timestamp: when the first stamp that counts expires; null with no stamps.
        threshold: five decimals.
        error: null.
        stamps: provider -> what it scores; `dedup`: claimed by another address. Null in an earlier
            score that was recorded without.
        points_data: Human Points, in communities with the programme.
        possible_points_data: what each action gives.
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


def score_response(outcome: Outcome, *, with_points: bool) -> V2ScoreResponse:
    """Return the answer for a score that was just computed.

    Args:
        outcome: what was decided and written.
        with_points: True if Human Points are shown where the community has the programme.
    """
    score = outcome.score
    points = outcome.points.state if with_points else None
    return V2ScoreResponse(
        address=outcome.snapshot.address,
        score=five_decimals(score.raw),
        passing_score=score.passing,
        last_score_timestamp=iso(score.computed_at),
        expiration_timestamp=iso(score.expires_at) if score.expires_at else None,
        threshold=five_decimals(score.threshold),
        error=None,
        stamps=dict(score.stamps),
        points_data=points_of(points) if points else None,
        possible_points_data=possible_points(points) if points else None,
        linked_score=None,
    )


def recorded_score_response(
    address: str, score: RecordedScore, points: PointsState | None = None
) -> V2ScoreResponse:
    """Return the answer for a score that was recorded earlier.

    Args:
        address: whose it is.
        score: as it was recorded.
        points: Human Points to show; None: none are shown.
    """
    return V2ScoreResponse(
        address=address,
        score=five_decimals(score.raw),
        passing_score=score.passing,
        last_score_timestamp=score.computed_at,
        expiration_timestamp=score.expires_at,
        threshold=five_decimals(score.threshold),
        error=score.error,
        # As they are stored, whatever members they have.
        stamps=cast("dict[str, ShownStamp] | None", score.stamps),
        points_data=points_of(points) if points else None,
        possible_points_data=possible_points(points) if points else None,
        linked_score=None,
    )


EXAMPLE = V2ScoreResponse(
    address="0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
    score="26.22900",
    passing_score=True,
    last_score_timestamp="2026-11-24T03:30:00.123456+00:00",
    expiration_timestamp="2027-02-18T13:12:09+00:00",
    threshold="20.00000",
    error=None,
    stamps={
        "Google": ShownStamp("0.52500", dedup=False, expiration_date="2027-02-18T13:12:09+00:00"),
        "Github": ShownStamp("0.00000", dedup=True, expiration_date="2027-02-18T13:12:09Z"),
    },
    points_data=None,
    possible_points_data=None,
    linked_score=None,
)
