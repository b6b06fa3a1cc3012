"""The one road of every score: read -> decide -> write.

1. Read: one statement returns, for a set of requests, everything that their scores depend on
   (`db/queries/read_scoring.sql`); stamps that are not remembered are verified.
2. Decide: pure rules, no clock and no database (`domain/scoring.py`).
3. Write: one statement records what differs from what is there, and fails as a whole if the
   world has moved since step 1 (`db/queries/write_scoring.sql`). Then: back to 1, and this time
   the score row is held from the read to the write, so that nobody can be faster again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

import structlog

from passport_scorer.db.database import Connection, Database
from passport_scorer.db.errors import LostRace
from passport_scorer.db.query import NoParameters, Parameters, Query, Row
from passport_scorer.db.scoring_queries import (
    LOCK_LIMITED_POINTS,
    LOCK_SCORES,
    READ_SCORING,
    WRITE_SCORING,
    LockScoresParameters,
    ScoringRequest,
    ScoringRow,
    read_parameters,
    write_parameters,
)
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.scoring import Outcome, ScoringPolicy, Snapshot, decide_all
from passport_scorer.scoring.address_queue import AddressQueue
from passport_scorer.scoring.reading import Reading, api_key, snapshot
from passport_scorer.scoring.remembered_stamps import Stamps
from passport_scorer.scoring.stamp_reader import StampReader, known_stamps

TRIES = 5

Result = TypeVar("Result")
Work = Callable[[Connection], Awaitable[Result]]

log = structlog.get_logger()


class Statements(Protocol):
    """What runs statements: the pool, or one connection in a transaction."""

    async def read(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Run a query that changes nothing, and return its rows."""

    async def fetch(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Run a query and return its rows."""


class ScoringRoad:
    """Scores sets of (address, community) pairs.

    Args:
        database: where everything is read and written.
        stamps: reads and verifies stamps.
        policy: what the operator decides.
        clock: returns the time (aware).
    """

    def __init__(
        self,
        database: Database,
        stamps: StampReader,
        policy: ScoringPolicy,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._stamps = stamps
        self._policy = policy
        self._clock = clock
        self._queue = AddressQueue()

    async def read(self, requests: Sequence[ScoringRequest]) -> list[Reading]:
        """Read everything that the scores of a set of requests depend on, in one round trip.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            UnusableWeight: a community has no usable scorer.
        """
        return await self._read(self._database, requests)

    async def settle(self, snapshots: Sequence[Snapshot]) -> list[Outcome]:
        """Decide on what was read, and write it, in one round trip.

        What is returned is what was committed. No pair may occur twice.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            LostRace: others were faster five times; nothing was written.
            UnusableWeight: a community's weights can't be summed up; nothing was written.
        """
        async with self._queue.turn(snapshot.address for snapshot in snapshots) as waited:
            try:
                if waited:
                    snapshots = await self._read_again(self._database, snapshots)
                return await self._decide_and_write(self._database, snapshots)
            except LostRace:
                # Each for itself: one that loses again must not hold up the others.
                return [
                    await self._repeat(partial(self._score_pair, pair=snapshot), tries=TRIES - 1)
                    for snapshot in snapshots
                ]

    async def transact(self, address: str, work: Work[Result]) -> Result:
        """Do `work` in a transaction, while nobody else in this process scores the address.

        It is done again from the start if it loses a race.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            LostRace: others were faster five times; nothing was written.
        """
        async with self._queue.turn([address]):
            return await self._repeat(work, tries=TRIES)

    async def score_within(
        self, connection: Connection, address: str, community_id: int
    ) -> Outcome:
        """Read, decide and write in a transaction; the score row is held until it ends.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            LostRace: somebody else was faster; the transaction must be rolled back.
            ScorerNotFound: there is no such community.
            UnusableWeight: the community's weights can't be summed up.
        """
        request = ScoringRequest(address, community_id=community_id)
        await connection.execute(LOCK_SCORES, LockScoresParameters([address], [community_id]))
        (reading,) = await self._read(connection, [request])
        if _may_be_limited(reading.snapshot):
            await connection.execute(LOCK_LIMITED_POINTS, NoParameters())
            (reading,) = await self._read(connection, [request])
        if reading.snapshot is None:
            raise ScorerNotFound
        (outcome,) = await self._decide_and_write(
            connection, [reading.snapshot], holds_points=_may_be_limited(reading.snapshot)
        )
        return outcome

    async def _score_pair(self, connection: Connection, *, pair: Snapshot) -> Outcome:
        return await self.score_within(connection, pair.address, pair.community.id)

    async def _repeat(self, work: Work[Result], *, tries: int) -> Result:
        for left in reversed(range(tries)):
            try:
                async with self._database.transaction() as connection:
                    return await work(connection)
            except LostRace:
                log.info("race_lost", tries_left=left)
                if not left:
                    raise
        raise AssertionError("unreachable")

    async def _decide_and_write(
        self, statements: Statements, snapshots: Sequence[Snapshot], *, holds_points: bool = False
    ) -> list[Outcome]:
        now = self._clock()
        outcomes = decide_all(snapshots, now, self._policy)
        if not holds_points and any(outcome.points.is_limited for outcome in outcomes):
            raise LostRace("An action that only so many may have is given by one at a time.")
        await statements.fetch(WRITE_SCORING, write_parameters(outcomes, now))
        for outcome in outcomes:
            _log_refused(outcome)
        return outcomes

    async def _read_again(
        self, statements: Statements, stale: Sequence[Snapshot]
    ) -> list[Snapshot]:
        requests = [ScoringRequest(s.address, community_id=s.community.id) for s in stale]
        readings = await self._read(statements, requests)
        fresh = [reading.snapshot for reading in readings if reading.snapshot]
        if len(fresh) < len(stale):
            raise ScorerNotFound  # the community was removed in between
        return fresh

    async def _read(
        self, statements: Statements, requests: Sequence[ScoringRequest]
    ) -> list[Reading]:
        known = [self._stamps.known(request.address) for request in requests]
        parameters = read_parameters(
            requests,
            [known_stamps(stamps) for stamps in known],
            human_points=self._policy.points.is_of_interest,
        )
        rows = await statements.read(READ_SCORING, parameters)
        rows.sort(key=lambda row: row.ordinal)
        return [
            await self._reading(row, request, stamps)
            for row, request, stamps in zip(rows, requests, known, strict=True)
        ]

    async def _reading(self, row: ScoringRow, request: ScoringRequest, known: Stamps) -> Reading:
        key = api_key(row)
        if request.address is None:
            return Reading(key, None)
        stamps = await self._stamps.read(row, request.address, known, now=self._clock())
        human_points = self._policy.points.is_of_interest
        return Reading(key, snapshot(row, request.address, stamps, human_points=human_points))


def _may_be_limited(snapshot: Snapshot | None) -> bool:
    """Whether it may be given points that only so many may have."""
    return snapshot is not None and snapshot.points is not None and bool(snapshot.points.given)


def _log_refused(outcome: Outcome) -> None:
    for stamp in outcome.refused:
        log.info(
            "stamp_refused",
            address=outcome.snapshot.address,
            community_id=outcome.snapshot.community.id,
            provider=stamp.provider,
            reason=stamp.refusal,
        )
