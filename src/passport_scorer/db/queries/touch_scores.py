"""Touch scores that were decided before: one round trip for a batch of requests.

See `queries/touch_scores.sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from passport_scorer.db.queries.loaded_scores import Touch
from passport_scorer.db.statement import Query, Statements
from passport_scorer.domain.timestamps import event_time


class _TouchScores(msgspec.Struct, frozen=True):
    """$1 to $3 of `touch_scores.sql`; the touches as JSON."""

    touches: str
    computed_at: datetime
    computed_at_shown: str


class _Touched(msgspec.Struct, frozen=True):
    """The position of a score that was touched, counted from 1."""

    ordinal: int


class _Row(msgspec.Struct, frozen=True, gc=False):
    """A touch, as JSON."""

    address: str
    community_id: int
    key_prefix: str | None
    key_version: str | None
    external_scorer_id: str | None
    scorer: str
    dynamic_weights: str | None
    stamps: str
    links: str
    link_ids: str
    unlinked: tuple[str, ...]
    content: int
    expires_at_shown: str | None


_JSON = msgspec.json.Encoder()
_TOUCH_SCORES = Query("touch_scores", _TouchScores, _Touched)


async def touch_scores(database: Statements, touches: Sequence[Touch], now: datetime) -> set[int]:
    """Touch a batch of scores at `now` (aware); no pair can occur twice.

    Returns:
        The positions, counted from 0, of those that were touched. Nothing was written for the
        others: something that they depend on has changed, or their row is locked.
    """
    document = _JSON.encode([_row(touch) for touch in touches]).decode()
    parameters = _TouchScores(document, now, event_time(now))
    rows = await database.fetch(_TOUCH_SCORES, parameters)
    return {row.ordinal - 1 for row in rows}


def _row(touch: Touch) -> _Row:
    versions = touch.versions
    return _Row(
        address=touch.address,
        community_id=touch.community_id,
        key_prefix=touch.key_prefix,
        key_version=touch.key_version,
        external_scorer_id=touch.external_scorer_id,
        scorer=versions.scorer,
        dynamic_weights=versions.dynamic_weights,
        stamps=versions.stamps,
        links=versions.links,
        link_ids=versions.link_ids,
        unlinked=versions.unlinked,
        content=touch.content,
        expires_at_shown=touch.expires_at_shown,
    )
