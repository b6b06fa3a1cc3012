"""From a score event to the score object. Source: specification, http.md (`…/history`)."""

from __future__ import annotations

from decimal import Decimal

from passport_scorer.api.public.score_response import V2ScoreResponse
from passport_scorer.domain.decimals import five_decimals
from passport_scorer.domain.score import ShownStamp
from passport_scorer.domain.score_history import PastStamp, UnreadableEvent, read_event


def history_response(
    address: str, data: str, threshold_of_today: Decimal | None
) -> V2ScoreResponse:
    """Return the answer for a score that was recorded.

    Args:
        address: whose it is, in lower case.
        data: of the event.
        threshold_of_today: the scorer's; taken where the event doesn't say what it was then.

    Raises:
        UnreadableEvent: the event has another shape, or nobody knows the threshold.
        UnusableWeight: a number in it isn't finite.
    """
    past = read_event(data)
    threshold = past.threshold()
    if threshold is None:
        threshold = threshold_of_today
    if threshold is None:
        raise UnreadableEvent
    raw, held_against = five_decimals(past.raw()), five_decimals(threshold)
    return V2ScoreResponse(
        address=address,
        score=raw,
        passing_score=past.raw() >= threshold,
        last_score_timestamp=past.last_score_timestamp,
        expiration_timestamp=past.expiration_date,
        threshold=held_against,
        error=past.error,
        stamps={provider: _shown(stamp) for provider, stamp in (past.stamps or {}).items()},
        points_data=None,
        possible_points_data=None,
        linked_score=None,
    )


def _shown(stamp: PastStamp) -> ShownStamp:
    return ShownStamp(five_decimals(stamp.score), stamp.dedup, stamp.expiration_date)
