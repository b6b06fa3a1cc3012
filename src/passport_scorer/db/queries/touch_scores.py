"""Touch scores that were decided before: one round trip for a batch of requests.

See `queries/touch_scores.sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate, chain

import msgspec

from passport_scorer.db.queries.loaded_scores import Touch
from passport_scorer.db.statement import Query, Statements
from passport_scorer.domain.timestamps import event_time


class _TouchScores(msgspec.Struct, frozen=True):
    """$1 to $19 of `touch_scores.sql`."""

    key_prefix: list[str | None]
    key_version: list[str | None]
    external_scorer_id: list[str | None]
    community_id: list[int]
    address: list[str]
    scorer_version: list[str]
    dynamic_weights: list[str | None]
    stamps_version: list[str]
    links_version: list[str]
    first_link: list[int]
    last_link: list[int]
    first_unlinked: list[int]
    last_unlinked: list[int]
    content: list[int]
    expires_at_shown: list[str | None]
    link_id: list[int]
    unlinked_nullifier: list[str]
    computed_at: datetime
    computed_at_shown: str


class _Touched(msgspec.Struct, frozen=True):
    """The position of a score that was touched, counted from 1."""

    ordinal: int


_TOUCH_SCORES = Query("touch_scores", _TouchScores, _Touched)


async def touch_scores(database: Statements, touches: Sequence[Touch], now: datetime) -> set[int]:
    """Touch a batch of scores at `now` (aware); no pair can occur twice.

    Returns:
        The positions, counted from 0, of those that were touched. Nothing was written for the
        others: something that they depend on has changed, or their row is locked.
    """
    rows = await database.fetch(_TOUCH_SCORES, _parameters(touches, now))
    return {row.ordinal - 1 for row in rows}


def _parameters(touches: Sequence[Touch], now: datetime) -> _TouchScores:
    versions = [touch.versions for touch in touches]
    link_ends = list(accumulate(len(each.link_ids) for each in versions))
    unlinked_ends = list(accumulate(len(each.unlinked) for each in versions))
    return _TouchScores(
        key_prefix=[touch.key_prefix for touch in touches],
        key_version=[touch.key_version for touch in touches],
        external_scorer_id=[touch.external_scorer_id for touch in touches],
        community_id=[touch.community_id for touch in touches],
        address=[touch.address for touch in touches],
        scorer_version=[each.scorer for each in versions],
        dynamic_weights=[each.dynamic_weights for each in versions],
        stamps_version=[each.stamps for each in versions],
        links_version=[each.links for each in versions],
        first_link=[end + 1 for end in (0, *link_ends[:-1])],
        last_link=link_ends,
        first_unlinked=[end + 1 for end in (0, *unlinked_ends[:-1])],
        last_unlinked=unlinked_ends,
        content=[touch.content for touch in touches],
        expires_at_shown=[touch.expires_at_shown for touch in touches],
        link_id=list(chain.from_iterable(each.link_ids for each in versions)),
        unlinked_nullifier=list(chain.from_iterable(each.unlinked for each in versions)),
        computed_at=now,
        computed_at_shown=event_time(now),
    )
