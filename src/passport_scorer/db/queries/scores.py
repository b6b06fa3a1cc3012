"""The statements of scoring: load the inputs of scores, save their outcomes, hold their rows.

Loading and saving are one round trip each for a batch of (address, community) pairs. See
`queries/read_scoring.sql` and `queries/write_scoring.sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from passport_scorer.db.database import Connection, Database
from passport_scorer.db.errors import WriteConflict
from passport_scorer.db.queries.loaded_scores import CachedVersions, LoadedScore, ScoringRequest
from passport_scorer.db.queries.read_scoring import (
    READ_SCORING,
    READ_SCORING_AND_POINTS,
    loaded_score,
    read_parameters,
)
from passport_scorer.db.queries.write_scoring import WRITE_SCORING, write_parameters
from passport_scorer.db.statement import NoParameters, Query
from passport_scorer.domain.scoring import Outcome

MAX_BATCH_SIZE = 62
"""Pairs that `save_outcomes` can write together: it reports conflicts as bits of one integer."""


class LockScoresParameters(msgspec.Struct, frozen=True):
    """$1 and $2 of `lock_scores.sql`: the pairs."""

    address: list[str]
    community_id: list[int]


class LockedScore(msgspec.Struct, frozen=True):
    """A score row that is locked now."""

    id: int


class LockedPoints(msgspec.Struct, frozen=True):
    """The row of a lock that is held; it says nothing more."""

    held: str


LOCK_SCORES = Query("lock_scores", LockScoresParameters, LockedScore)
LOCK_CAPPED_ACTIONS = Query("lock_capped_actions", NoParameters, LockedPoints)


async def load_scores(
    database: Database | Connection,
    requests: Sequence[ScoringRequest],
    cached: Sequence[CachedVersions],
    *,
    with_points: bool,
    alone: bool = False,
) -> list[LoadedScore]:
    """Load everything that the scores of a batch depend on.

    Args:
        database: the pool, or one connection in a transaction.
        requests: the pairs.
        cached: for each of them the versions that need not be loaded again.
        with_points: False if Human Points are neither shown nor given.
        alone: True to load large passports, too; the batch should then be of one.

    Returns:
        The inputs of each score, in the order of the requests.

    Raises:
        DatabaseUnavailable: the database can't be reached in time.
    """
    parameters = read_parameters(requests, cached, alone=alone)
    query = READ_SCORING_AND_POINTS if with_points else READ_SCORING
    rows = await database.read(query, parameters)
    rows.sort(key=lambda row: row.ordinal)
    return [loaded_score(row) for row in rows]


async def save_outcomes(
    database: Database | Connection, outcomes: Sequence[Outcome], now: datetime
) -> None:
    """Save a batch of outcomes that were decided at `now` (aware), all or none.

    Raises:
        WriteConflict: the snapshots of some of them, which it names, are out of date. A
            transaction that the caller began must be rolled back.
        DatabaseUnavailable: the database can't be reached in time.
        RowLocked: another transaction holds one of the rows for too long.
    """
    conflicts = await database.fetch(WRITE_SCORING, write_parameters(outcomes, now))
    if conflicts:
        raise WriteConflict(conflicting=sorted({row.ordinal for row in conflicts}))


async def lock_scores(connection: Connection, address: str, community_id: int) -> None:
    """Lock the score row of a pair, if it has one, until the transaction ends.

    Raises:
        RowLocked: another transaction holds it for too long.
    """
    await connection.execute(LOCK_SCORES, LockScoresParameters([address], [community_id]))


async def lock_capped_actions(connection: Connection) -> None:
    """Let no other transaction give capped Human Points actions until this one ends.

    Raises:
        RowLocked: another transaction holds the lock for too long.
    """
    await connection.execute(LOCK_CAPPED_ACTIONS, NoParameters())
