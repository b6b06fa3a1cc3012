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
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeGuard, TypeVar

import structlog

from passport_scorer.db.database import Connection, Database
from passport_scorer.db.errors import DatabaseUnavailable, RowLocked, WriteConflict
from passport_scorer.db.isolation import isolated
from passport_scorer.db.queries.scores import (
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
from passport_scorer.db.statement import NoParameters, Parameters, Query, Row
from passport_scorer.domain.human_points import PointsPolicy
from passport_scorer.domain.scoring import Outcome, Snapshot, decide, decide_each
from passport_scorer.scoring.address_locks import AddressLocks
from passport_scorer.scoring.batching import Batcher, Crowd
from passport_scorer.scoring.rows import Loaded
from passport_scorer.scoring.snapshots import SnapshotLoader
from passport_scorer.telemetry import NO_TELEMETRY, Telemetry
from passport_scorer.telemetry.metrics import (
    DECISION_CACHE_HITS,
    DECISION_CACHE_MISSES,
    SCORES_COMPUTED,
    STAMPS_CLASHED,
    STAMPS_REJECTED,
    WRITE_CONFLICTS,
)
from passport_scorer.telemetry.traces import DECIDE, READ, VERIFY, WRITE

TRIES = 5
AT_ONCE = 1  # reads, and writes, that a process has under way at the same time
MOST = 62  # requests that share a read or a write at most; as many as there are bits for in `event`
PATIENCE = 3.0  # seconds that a transaction, or a large passport, waits for its turn
SPARED = 2  # connections that transactions leave to the shared read and write

Result = TypeVar("Result")
Work = Callable[[Connection], Awaitable[Result]]
Settled = Outcome | Exception | asyncio.Future[Outcome]
"""What became of a pair; a future if it is settled apart, while the others are done already."""

log = structlog.get_logger()


class Statements(Protocol):
    """What runs statements: the pool, or one connection in a transaction."""

    async def read(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Run a query that changes nothing, and return its rows."""

    async def fetch(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Run a query and return its rows."""


class ScoringService:
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
        snapshots: SnapshotLoader,
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
        self._queue = AddressLocks()
        # A transaction may wait for a row; those that do must not take every connection.
        self._transactions = asyncio.Semaphore(max(1, database.settings.pool_size - SPARED))
        self._large = asyncio.Semaphore(1)  # passports that take much memory are read one by one
        self._apart: set[asyncio.Task[Outcome]] = set()
        shared: dict[str, Any] = {
            "at_once": AT_ONCE,
            "most": MOST,
            "crowd": Crowd(),
            "telemetry": telemetry,
        }
        self._reading = Batcher(self._load_each, name="load", **shared)
        self._settling = Batcher(self.save_batch, name="save", **shared)

    async def read(self, request: ScoringRequest) -> Loaded:
        """Read everything that a score depends on, perhaps together with others.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
        """
        return await self._reading.submit(request)

    async def snapshot(self, loaded: Loaded) -> Snapshot:
        """Verify the stamps that were read and aren't known.

        Raises:
            ScorerNotFound: there is no such community, it has no usable scorer, or the caller may
                not see it.
            DatabaseUnavailable: a large passport couldn't be read in time.
        """
        if loaded.row.is_large:
            async with self._turn(self._large):
                (loaded,) = await self._load(self._database, [loaded.request], alone=True)
                return await self._verified(loaded)
        return await self._verified(loaded)

    async def _verified(self, loaded: Loaded) -> Snapshot:
        with self._telemetry.traces.stage(VERIFY, 1):
            return await self._snapshots.read(loaded, now=self._clock())

    async def settle(self, snapshot: Snapshot) -> Outcome:
        """Decide on what was read, and write it, perhaps together with others.

        What is returned is what was committed.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            RowLocked: somebody else held a row of this address for too long.
            TooManyForAddress: too many requests for this address wait already.
            WriteConflict: others were faster five times; nothing was written.
            UnusableWeight: the community's weights can't be summed up; nothing was written.
        """
        async with self._queue.turn(snapshot.address) as waited:
            return await self._settling.submit(await self._fresh(snapshot) if waited else snapshot)

    async def score(self, address: str, community_id: int) -> Outcome:
        """Read, decide and write; `address` is in lower case.

        Raises:
            ScorerNotFound: there is no such community.
            DatabaseUnavailable, RowLocked, WriteConflict, UnusableWeight: see `read` and `settle`.
        """
        request = ScoringRequest(address, community_id=community_id)
        return await self.settle(await self.snapshot(await self.read(request)))

    async def _load_each(self, requests: Sequence[ScoringRequest]) -> list[Loaded | Exception]:
        """Read a set of requests in one round trip; one that can't be read fails alone."""
        return await isolated(partial(self._load, self._database), requests)

    async def save_batch(self, snapshots: Sequence[Snapshot]) -> list[Settled]:
        """Decide on a set and write it in one round trip. No pair may occur twice.

        A pair that fails, loses a race, or needs a row that somebody else holds falls out of the
        set, and the others are settled without it. Nothing is raised: what becomes of each pair
        is in its place.
        """
        if not snapshots:
            return []
        now = self._clock()
        with self._telemetry.traces.stage(DECIDE, len(snapshots)):
            decided = decide_each(snapshots, now, self._policy)
        outcomes = [each for each in decided if _can_be_written_together(each)]
        if len(outcomes) < len(snapshots):
            fallen = {
                place: each if isinstance(each, Exception) else self._start_apart(each.snapshot)
                for place, each in enumerate(decided)
                if not _can_be_written_together(each)
            }
            return await self._settle_others(snapshots, fallen)
        try:
            await self._write(self._database, outcomes, now)
        except (WriteConflict, RowLocked) as error:
            conflicting = error.conflicting if isinstance(error, WriteConflict) else ()
            places = [ordinal - 1 for ordinal in conflicting] or range(len(snapshots))
            apart = {place: self._start_apart(snapshots[place]) for place in places}
            return await self._settle_others(snapshots, apart)
        except DatabaseUnavailable as error:
            return [error] * len(snapshots)
        except Exception as error:  # noqa: BLE001  whose fault it is is found out
            return [error] if len(snapshots) == 1 else await self._settle_halves(snapshots)
        return [*outcomes]

    async def _settle_others(
        self, snapshots: Sequence[Snapshot], settled: Mapping[int, Settled]
    ) -> list[Settled]:
        """Settle those of a set of which nothing is known yet."""
        others = [place for place in range(len(snapshots)) if place not in settled]
        together = await self.save_batch([snapshots[place] for place in others])
        every = {**settled, **dict(zip(others, together, strict=True))}
        return [every[place] for place in range(len(snapshots))]

    async def _settle_halves(self, snapshots: Sequence[Snapshot]) -> list[Settled]:
        half = len(snapshots) // 2
        return [
            *await self.save_batch(snapshots[:half]),
            *await self.save_batch(snapshots[half:]),
        ]

    def _start_apart(self, snapshot: Snapshot) -> asyncio.Task[Outcome]:
        """Settle a pair in a transaction of its own; nobody else has to wait for it."""
        pair = partial(
            self.score_within, address=snapshot.address, community_id=snapshot.community.id
        )
        task = asyncio.create_task(self._repeat(pair, tries=TRIES - 1))
        self._apart.add(task)
        task.add_done_callback(self._apart.discard)
        return task

    async def _fresh(self, stale: Snapshot) -> Snapshot:
        request = ScoringRequest(stale.address, community_id=stale.community.id)
        return await self.snapshot(await self.read(request))

    async def transact(self, address: str, work: Work[Result]) -> Result:
        """Do `work` in a transaction, while nobody else in this process scores the address.

        It is done again from the start if it loses a race.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            WriteConflict: others were faster five times; nothing was written.
        """
        async with self._queue.turn(address):
            return await self._repeat(work, tries=TRIES)

    async def score_within(
        self, connection: Connection, address: str, community_id: int
    ) -> Outcome:
        """Read, decide and write in a transaction; the score row is held until it ends.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            WriteConflict: somebody else was faster; the transaction must be rolled back.
            ScorerNotFound: there is no such community.
            UnusableWeight: the community's weights can't be summed up.
        """
        await connection.execute(LOCK_SCORES, LockScoresParameters([address], [community_id]))
        outcome = await self._decide_within(connection, address, community_id)
        if outcome.points.is_limited:
            await connection.execute(LOCK_LIMITED_POINTS, NoParameters())
            outcome = await self._decide_within(connection, address, community_id)
        await self._write(connection, [outcome], outcome.score.computed_at)
        return outcome

    async def _decide_within(
        self, connection: Connection, address: str, community_id: int
    ) -> Outcome:
        request = ScoringRequest(address, community_id=community_id)
        (loaded,) = await self._load(connection, [request], alone=True)
        return decide(await self.snapshot(loaded), self._clock(), self._policy)

    async def _repeat(self, work: Work[Result], *, tries: int) -> Result:
        for left in reversed(range(tries)):
            try:
                async with (
                    self._turn(self._transactions),
                    self._database.transaction() as connection,
                ):
                    return await work(connection)
            except WriteConflict:
                self._telemetry.metrics.add(WRITE_CONFLICTS)
                log.info("write_conflict", tries_left=left)
                if not left:
                    raise
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def _turn(self, places: asyncio.Semaphore) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PATIENCE):
                await places.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable from error
        try:
            yield
        finally:
            places.release()

    async def _write(
        self, statements: Statements, outcomes: Sequence[Outcome], now: datetime
    ) -> None:
        """Write a set of outcomes, all or none.

        Raises:
            WriteConflict: some of them fell; it says which. In a transaction that somebody else has
                begun, that one must be rolled back.
        """
        with self._telemetry.traces.stage(WRITE, len(outcomes)):
            fallen = await statements.fetch(WRITE_SCORING, write_parameters(outcomes, now))
        if fallen:
            raise WriteConflict(conflicting=sorted({row.ordinal for row in fallen}))
        self._snapshots.remember(outcomes)
        self._report(outcomes)

    def _report(self, outcomes: Sequence[Outcome]) -> None:
        metrics = self._telemetry.metrics
        metrics.add(SCORES_COMPUTED, len(outcomes))
        as_before = sum(outcome.is_reused for outcome in outcomes)
        metrics.add(DECISION_CACHE_HITS, as_before)
        metrics.add(DECISION_CACHE_MISSES, len(outcomes) - as_before)
        for outcome in outcomes:
            if outcome.clashes:
                metrics.add(STAMPS_CLASHED, len(outcome.clashes))
            for stamp in outcome.refused:
                metrics.add(STAMPS_REJECTED, 1, stamp.refusal)
            _log_refused(outcome)

    async def _load(
        self,
        statements: Statements,
        requests: Sequence[ScoringRequest],
        *,
        alone: bool = False,
    ) -> list[Loaded]:
        known = [self._snapshots.known(request) for request in requests]
        versions = [each.versions() for each in known]
        parameters = read_parameters(requests, versions, alone=alone)
        with self._telemetry.traces.stage(READ, len(requests)):
            rows = await statements.read(self._query, parameters)
        rows.sort(key=lambda row: row.ordinal)
        return list(map(Loaded, rows, requests, known))


def _can_be_written_together(decided: Outcome | Exception) -> TypeGuard[Outcome]:
    """False for an outcome with an action that only so many may have: that is given one by one."""
    return isinstance(decided, Outcome) and not decided.points.is_limited


def _log_refused(outcome: Outcome) -> None:
    for stamp in outcome.refused:
        log.info(
            "stamp_rejected",
            address=outcome.snapshot.address,
            community_id=outcome.snapshot.community.id,
            provider=stamp.provider,
            reason=stamp.refusal,
        )
