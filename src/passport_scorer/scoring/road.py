"""The one road of every score: read -> decide -> write.

1. Read: one statement returns, for a set of requests, everything that their scores depend on
   (`db/queries/read_scoring.sql`); stamps that are not remembered are verified.
2. Decide: pure rules, no clock and no database (`domain/scoring.py`).
3. Write: one statement records what differs from what is there, and fails as a whole if the
   world has moved since step 1 (`db/queries/write_scoring.sql`). Then: back to 1, and this time
   the score row is held from the read to the write, so that nobody can be faster again.

Requests that come in while reads and writes are under way share the next ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

import structlog

from passport_scorer.db.database import Connection, Database
from passport_scorer.db.errors import DatabaseUnavailable, LostRace
from passport_scorer.db.query import NoParameters, Parameters, Query, Row
from passport_scorer.db.scoring_queries import (
    LOCK_LIMITED_POINTS,
    LOCK_SCORES,
    READ_SCORING,
    READ_SCORING_AND_POINTS,
    WRITE_SCORING,
    LockScoresParameters,
    ReadScoringParameters,
    ScoringRequest,
    ScoringRow,
    read_parameters,
    write_parameters,
)
from passport_scorer.domain.decimals import UnusableWeight
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.human_points import PointsPolicy
from passport_scorer.domain.scoring import Outcome, Snapshot, decide_all
from passport_scorer.scoring.address_queue import AddressQueue
from passport_scorer.scoring.gathering import Crowd, Gathering
from passport_scorer.scoring.reading import Reading, api_key
from passport_scorer.scoring.remembered import Known
from passport_scorer.scoring.snapshot_reader import SnapshotReader
from passport_scorer.telemetry import NO_TELEMETRY, Telemetry
from passport_scorer.telemetry.metrics import (
    DECISION_CACHE_HITS,
    DECISION_CACHE_MISSES,
    RACES_LOST,
    SCORES_COMPUTED,
    STAMPS_CLASHED,
    STAMPS_REFUSED,
)
from passport_scorer.telemetry.traces import DECIDE, READ, VERIFY, WRITE

TRIES = 5
AT_ONCE = 1  # reads, and writes, that a process has under way at the same time
MOST = 64  # requests that share a read or a write at most

Result = TypeVar("Result")
Work = Callable[[Connection], Awaitable[Result]]

log = structlog.get_logger()


class Statements(Protocol):
    """What runs statements: the pool, or one connection in a transaction."""

    async def read(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Run a query that changes nothing, and return its rows."""

    async def fetch(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Run a query and return its rows."""


class _Requested(NamedTuple):
    """What the database says to a request, which was told what is known."""

    row: ScoringRow
    request: ScoringRequest
    known: Known


class ScoringRoad:
    """Scores sets of (address, community) pairs.

    Args:
        database: where everything is read and written.
        snapshots: makes snapshots of what was read.
        policy: what the operator decides about Human Points.
        clock: returns the time (aware).
        telemetry: where scores are counted, and their stages traced.
    """

    def __init__(
        self,
        database: Database,
        snapshots: SnapshotReader,
        policy: PointsPolicy,
        clock: Callable[[], datetime],
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._telemetry = telemetry
        self._database = database
        self._snapshots = snapshots
        self._policy = policy
        self._query: Query[ReadScoringParameters, ScoringRow] = (
            READ_SCORING_AND_POINTS if policy.is_of_interest else READ_SCORING
        )
        self._clock = clock
        self._queue = AddressQueue()
        shared: dict[str, Any] = {
            "at_once": AT_ONCE,
            "most": MOST,
            "crowd": Crowd(),
            "telemetry": telemetry,
        }
        self._reading = Gathering(partial(self._rows, database), name="read", **shared)
        self._settling = Gathering(self.settle_each, name="settle", **shared)

    async def read(self, request: ScoringRequest) -> Reading:
        """Read everything that a score depends on, perhaps together with others.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
        """
        return await self._reading_of(await self._reading.submit(request))

    async def settle(self, snapshot: Snapshot) -> Outcome:
        """Decide on what was read, and write it, perhaps together with others.

        What is returned is what was committed.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            LostRace: others were faster five times; nothing was written.
            UnusableWeight: the community's weights can't be summed up; nothing was written.
        """
        async with self._queue.turn(snapshot.address) as waited:
            return await self._settling.submit(await self._fresh(snapshot) if waited else snapshot)

    async def score(self, address: str, community_id: int) -> Outcome:
        """Read, decide and write; `address` is in lower case.

        Raises:
            ScorerNotFound: there is no such community.
            DatabaseUnavailable, LostRace, UnusableWeight: see `read` and `settle`.
        """
        reading = await self.read(ScoringRequest(address, community_id=community_id))
        return await self.settle(reading.found())

    async def read_each(self, requests: Sequence[ScoringRequest]) -> list[Reading]:
        """Read a set of requests in one round trip.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
        """
        return [await self._reading_of(row) for row in await self._rows(self._database, requests)]

    async def settle_each(self, snapshots: Sequence[Snapshot]) -> list[Outcome | Exception]:
        """Decide on a set and write it in one round trip; an exception is the failure of its pair.

        No pair may occur twice.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
        """
        try:
            return [*await self._decide_and_write(self._database, snapshots)]
        except DatabaseUnavailable:
            raise
        except LostRace as lost:
            return await self._settle_apart(snapshots, lost.losers)
        except PassportScorerError:
            return await self._settle_apart(snapshots, ())

    async def _settle_apart(
        self, snapshots: Sequence[Snapshot], losers: Sequence[int]
    ) -> list[Outcome | Exception]:
        """Settle those who lost each for itself, and the others together.

        What one of them fails with must not be the others' failure.
        """
        alone = [place - 1 for place in losers] or list(range(len(snapshots)))
        others = [place for place in range(len(snapshots)) if place not in alone]
        separate = asyncio.gather(*(self._settle_alone(snapshots[place]) for place in alone))
        together = await self.settle_each([snapshots[place] for place in others])
        settled = dict(zip(others, together, strict=True))
        settled |= zip(alone, await separate, strict=True)
        return [settled[place] for place in range(len(snapshots))]

    async def _settle_alone(self, snapshot: Snapshot) -> Outcome | Exception:
        pair = partial(
            self.score_within, address=snapshot.address, community_id=snapshot.community.id
        )
        try:
            return await self._repeat(pair, tries=TRIES - 1)
        except PassportScorerError as error:
            return error

    async def _fresh(self, stale: Snapshot) -> Snapshot:
        request = ScoringRequest(stale.address, community_id=stale.community.id)
        return (await self.read(request)).found()

    async def transact(self, address: str, work: Work[Result]) -> Result:
        """Do `work` in a transaction, while nobody else in this process scores the address.

        It is done again from the start if it loses a race.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            LostRace: others were faster five times; nothing was written.
        """
        async with self._queue.turn(address):
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
        await connection.execute(LOCK_SCORES, LockScoresParameters([address], [community_id]))
        snapshot = await self._read_pair(connection, address, community_id)
        if _may_be_limited(snapshot):
            await connection.execute(LOCK_LIMITED_POINTS, NoParameters())
            snapshot = await self._read_pair(connection, address, community_id)
        (outcome,) = await self._decide_and_write(
            connection, [snapshot], holds_points=_may_be_limited(snapshot)
        )
        return outcome

    async def _read_pair(self, connection: Connection, address: str, community_id: int) -> Snapshot:
        request = ScoringRequest(address, community_id=community_id)
        (row,) = await self._rows(connection, [request])
        return (await self._reading_of(row)).found()

    async def _repeat(self, work: Work[Result], *, tries: int) -> Result:
        for left in reversed(range(tries)):
            try:
                async with self._database.transaction() as connection:
                    return await work(connection)
            except LostRace:
                self._telemetry.metrics.add(RACES_LOST)
                log.info("race_lost", tries_left=left)
                if not left:
                    raise
        raise AssertionError("unreachable")

    async def _decide_and_write(
        self, statements: Statements, snapshots: Sequence[Snapshot], *, holds_points: bool = False
    ) -> list[Outcome]:
        if not snapshots:
            return []
        now = self._clock()
        traces = self._telemetry.traces
        with traces.stage(DECIDE, len(snapshots)):
            outcomes = decide_all(snapshots, now, self._policy)
        limited = [place for place, o in enumerate(outcomes, 1) if o.points.is_limited]
        if limited and not holds_points:
            raise LostRace("An action that only so many may have is given one by one.", limited)
        with traces.stage(WRITE, len(snapshots)):
            await statements.fetch(WRITE_SCORING, write_parameters(outcomes, now))
        self._snapshots.remember(outcomes)
        self._report(outcomes)
        return outcomes

    def _report(self, outcomes: Sequence[Outcome]) -> None:
        metrics = self._telemetry.metrics
        metrics.add(SCORES_COMPUTED, len(outcomes))
        as_before = sum(outcome.is_as_before for outcome in outcomes)
        metrics.add(DECISION_CACHE_HITS, as_before)
        metrics.add(DECISION_CACHE_MISSES, len(outcomes) - as_before)
        for outcome in outcomes:
            if outcome.clashes:
                metrics.add(STAMPS_CLASHED, len(outcome.clashes))
            for stamp in outcome.refused:
                metrics.add(STAMPS_REFUSED, 1, stamp.refusal)
            _log_refused(outcome)

    async def _rows(
        self, statements: Statements, requests: Sequence[ScoringRequest]
    ) -> list[_Requested]:
        known = [self._snapshots.known(request) for request in requests]
        parameters = read_parameters(requests, [each.versions() for each in known])
        with self._telemetry.traces.stage(READ, len(requests)):
            rows = await statements.read(self._query, parameters)
        rows.sort(key=lambda row: row.ordinal)
        return list(map(_Requested, rows, requests, known))

    async def _reading_of(self, requested: _Requested) -> Reading:
        row, request, known = requested
        key = api_key(row)
        try:
            with self._telemetry.traces.stage(VERIFY, 1):
                snapshot = await self._snapshots.read(row, request, known, now=self._clock())
        except UnusableWeight as error:
            return Reading(key, None, error)
        return Reading(key, snapshot)


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
