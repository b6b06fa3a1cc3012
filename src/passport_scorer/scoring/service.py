"""The scoring service: load -> decide -> save.

1. Load: one statement returns everything that a batch of scores depends on
   (`db/queries/read_scoring.sql`); stamps that are not cached are verified (`snapshots.py`).
2. Decide: pure rules, without clock or database (`domain/scoring.py`).
3. Save: one statement writes what differs from the database, and fails as a whole if a snapshot is
   out of date (`db/queries/write_scoring.sql`). Such a write conflict is retried from step 1
   (`write_conflict_retry.py`), with the score row locked from the load to the save.

Requests that arrive while a load or a save is in progress share the next one (`batching.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from passport_scorer.db.database import Connection, Database
from passport_scorer.db.queries.loaded_scores import ScoringRequest
from passport_scorer.db.queries.locks import lock_capped_actions, lock_score
from passport_scorer.db.queries.read_scoring import load_scores
from passport_scorer.db.queries.write_scoring import MAX_BATCH_SIZE
from passport_scorer.domain.human_points import PointsPolicy
from passport_scorer.domain.scoring import Outcome, Snapshot, decide
from passport_scorer.scoring.address_locks import AddressLocks
from passport_scorer.scoring.batching import Batcher, BatchPolicy, InFlight
from passport_scorer.scoring.caches import AssessmentCache
from passport_scorer.scoring.saving import OutcomeSaver
from passport_scorer.scoring.slots import Slots
from passport_scorer.scoring.snapshots import Loaded, SnapshotLoader
from passport_scorer.scoring.write_conflict_retry import MAX_ATTEMPTS, Result, Work, WriteRetries
from passport_scorer.telemetry import NO_TELEMETRY, Telemetry
from passport_scorer.telemetry.traces import READ, VERIFY

__all__ = ["Loaded", "ScoringRequest", "ScoringService"]

_POLICY = BatchPolicy(max_concurrency=1, max_batch_size=MAX_BATCH_SIZE)


class ScoringService:
    """Scores (address, community) pairs.

    Args:
        database: where everything is loaded and saved.
        snapshots: makes snapshots of loaded inputs.
        assessments: assesses snapshots.
        policy: what the operator decides about Human Points.
        clock: returns the time (aware).
        telemetry: where scores are counted, and their stages traced.

    Attributes:
        saver: decides on snapshots and saves the outcomes.
    """

    def __init__(
        self,
        database: Database,
        snapshots: SnapshotLoader,
        assessments: AssessmentCache,
        policy: PointsPolicy,
        clock: Callable[[], datetime],
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._telemetry = telemetry
        self._database = database
        self._snapshots = snapshots
        self._assessments = assessments
        self._policy = policy
        self._clock = clock
        self._locks = AddressLocks()
        self._retries = WriteRetries(database, telemetry.metrics)
        self._large_passports = Slots(1)  # they take much memory
        self.saver = OutcomeSaver(
            database, assessments.assess, self._rescore, policy, clock, telemetry
        )
        self._loads, self._saves = self._batchers()

    def _batchers(self) -> tuple[Batcher[ScoringRequest, Loaded], Batcher[Snapshot, Outcome]]:
        """Return what batches loads and what batches saves."""
        in_flight, telemetry = InFlight(), self._telemetry
        load = partial(self._load, self._database)
        return (
            Batcher(
                load, _POLICY, in_flight=in_flight, isolate=True, name="load", telemetry=telemetry
            ),
            Batcher(
                self.saver.save_batch,
                _POLICY,
                in_flight=in_flight,
                name="save",
                telemetry=telemetry,
            ),
        )

    def load(self, request: ScoringRequest) -> Coroutine[Any, Any, Loaded]:
        """Load everything that a score depends on, perhaps in a batch with others.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
        """
        return self._loads.submit(request)

    async def snapshot(self, loaded: Loaded) -> Snapshot:
        """Verify the loaded stamps, unless they are cached.

        Raises:
            ScorerNotFound: the community does not exist, has no usable scorer, or the caller is
                not allowed to see it.
            DatabaseUnavailable: a large passport couldn't be loaded in time.
        """
        if loaded.inputs.is_large:
            async with self._large_passports.slot():
                (loaded,) = await self._load(self._database, [loaded.request], alone=True)
                return await self._verified(loaded)
        return await self._verified(loaded)

    async def save(self, snapshot: Snapshot) -> Outcome:
        """Decide on a snapshot and save the outcome, perhaps in a batch with others.

        The outcome that is returned is the one that was committed.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            RowLocked: another transaction held a row of this address for too long.
            TooManyForAddress: too many requests for this address wait already.
            WriteConflict: every attempt had one; nothing was written.
            UnusableWeight: the community's weights can't be summed up; nothing was written.
        """
        async with self._locks.hold(snapshot.address) as waited:
            if waited:  # the requests before have changed the rows
                snapshot = await self._reload(snapshot)
            return await self._saves.submit(snapshot)

    async def score(self, address: str, community_id: int) -> Outcome:
        """Load, decide and save; `address` is in lower case.

        Raises:
            ScorerNotFound: the community does not exist.
            DatabaseUnavailable, RowLocked, WriteConflict, UnusableWeight: see `load` and `save`.
        """
        request = ScoringRequest(address, community_id=community_id)
        return await self.save(await self.snapshot(await self.load(request)))

    async def transact(self, address: str, work: Work[Result]) -> Result:
        """Run `work` in a transaction, while no other request in this process scores the address.

        It runs again from the start after a write conflict.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            WriteConflict: every attempt had one; nothing was written.
        """
        async with self._locks.hold(address):
            return await self._retries.run(work)

    async def score_within(
        self, connection: Connection, address: str, community_id: int
    ) -> Outcome:
        """Load, decide and save in a transaction; the score row stays locked until it ends.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            WriteConflict: the transaction must be rolled back.
            ScorerNotFound: the community does not exist.
            UnusableWeight: the community's weights can't be summed up.
        """
        await lock_score(connection, address, community_id)
        outcome = await self._decide_within(connection, address, community_id)
        if outcome.points.has_capped:
            await lock_capped_actions(connection)
            outcome = await self._decide_within(connection, address, community_id)
        await self.saver.save_within(connection, outcome)
        return outcome

    async def _decide_within(
        self, connection: Connection, address: str, community_id: int
    ) -> Outcome:
        request = ScoringRequest(address, community_id=community_id)
        (loaded,) = await self._load(connection, [request], alone=True)
        snapshot = await self.snapshot(loaded)
        now = self._clock()
        return decide(snapshot, self._assessments.assess(snapshot, now), now, self._policy)

    async def _load(
        self,
        database: Database | Connection,
        requests: Sequence[ScoringRequest],
        *,
        alone: bool = False,
    ) -> list[Loaded]:
        cached = [self._snapshots.cached(request) for request in requests]
        with self._telemetry.traces.stage(READ, len(requests)):
            inputs = await load_scores(
                database,
                requests,
                [each.versions() for each in cached],
                with_points=self._policy.is_of_interest,
                alone=alone,
            )
        return list(map(Loaded, requests, cached, inputs))

    async def _verified(self, loaded: Loaded) -> Snapshot:
        with self._telemetry.traces.stage(VERIFY, 1):
            return await self._snapshots.snapshot(loaded, now=self._clock())

    async def _reload(self, stale: Snapshot) -> Snapshot:
        request = ScoringRequest(stale.address, community_id=stale.community.id)
        return await self.snapshot(await self.load(request))

    async def _rescore(self, stale: Snapshot) -> Outcome:
        """Score a pair again whose batch had a write conflict: that was the first attempt."""
        pair = partial(self.score_within, address=stale.address, community_id=stale.community.id)
        return await self._retries.run(pair, attempts=MAX_ATTEMPTS - 1)
