"""The scoring service: touch, or else load -> decide -> save.

A score that was saved before is *touched*: it was decided then, and one statement checks that
everything it depends on is unchanged, and gives it a new time (`touching.py`,
`db/queries/touch_scores.sql`). If it can't be:

1. Load: one statement returns everything that a batch of scores depends on
   (`db/queries/read_scoring.sql`); the signatures of stamps are verified (`snapshots.py`).
2. Decide: pure rules, without clock or database (`domain/scoring.py`).
3. Save: one statement writes what differs from the database, and fails as a whole if a snapshot is
   out of date (`db/queries/write_scoring.sql`). Such a write conflict is retried from step 1
   (`write_conflict_retry.py`), with the score row locked from the load to the save.

Requests that arrive while a statement is in progress share the next one (`batching.py`).
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
from passport_scorer.domain.scoring import Outcome, SavedScore, Snapshot, decide
from passport_scorer.scoring.address_locks import AddressLocks
from passport_scorer.scoring.batching import Batcher, BatchPolicy, InFlight
from passport_scorer.scoring.saving import OutcomeSaver, SavedOutcome
from passport_scorer.scoring.score_cache import ScoreCache
from passport_scorer.scoring.slots import Slots
from passport_scorer.scoring.snapshots import Loaded, SnapshotLoader
from passport_scorer.scoring.touching import ScoreToucher, TouchRequest
from passport_scorer.scoring.write_conflict_retry import MAX_ATTEMPTS, Result, Work, WriteRetries
from passport_scorer.telemetry import NO_TELEMETRY, Telemetry
from passport_scorer.telemetry.metrics import SCORE_CACHE_HITS, SCORE_CACHE_MISSES
from passport_scorer.telemetry.traces import READ, VERIFY

__all__ = ["Loaded", "ScoringRequest", "ScoringService"]

_POLICY = BatchPolicy(max_concurrency=1, max_batch_size=MAX_BATCH_SIZE)


class ScoringService:
    """Scores (address, community) pairs.

    Args:
        database: where everything is loaded and saved.
        snapshots: makes snapshots of loaded inputs.
        cache: the scores that can be touched.
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
        cache: ScoreCache,
        policy: PointsPolicy,
        clock: Callable[[], datetime],
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._telemetry = telemetry
        self._database = database
        self._snapshots = snapshots
        self._cache = cache
        self._policy = policy
        self._clock = clock
        self._locks = AddressLocks()
        self._retries = WriteRetries(database, telemetry.metrics)
        self._large_passports = Slots(1)  # they take much memory
        self.saver = OutcomeSaver(database, self._rescore, policy, clock, telemetry)
        self._toucher = ScoreToucher(database, clock, telemetry)
        in_flight = InFlight()
        batcher = partial(Batcher, policy=_POLICY, in_flight=in_flight, telemetry=telemetry)
        load = partial(self._load, database)
        self._touches: Batcher[TouchRequest, SavedScore | None] = batcher(
            self._toucher.touch_batch, name="touch"
        )
        self._loads: Batcher[ScoringRequest, Loaded] = batcher(load, isolate=True, name="load")
        self._saves: Batcher[Snapshot, SavedOutcome] = batcher(self.saver.save_batch, name="save")

    async def touch(
        self, request: ScoringRequest, key_version: str | None = None
    ) -> SavedScore | None:
        """Record the cached score of a request again, perhaps in a batch with others.

        Args:
            request: the pair.
            key_version: for partners: the version of the API key that was checked.

        Returns:
            The score; None if it is not cached, or something that it depends on has changed, the
            key included. Nothing was written then.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            TooManyForAddress: too many requests for this address wait already.
        """
        if request.address is None:
            return None
        async with self._locks.hold(request.address):  # the requests before can change the entry
            cached = self._cache.get(request, self._clock())
            if cached is None:
                return None
            touched = await self._touches.submit(TouchRequest(request, cached, key_version))
            if touched is None:
                self._cache.discard(request)
            else:
                self._telemetry.metrics.add(SCORE_CACHE_HITS)
            return touched

    def load(self, request: ScoringRequest) -> Coroutine[Any, Any, Loaded]:
        """Load everything that a score depends on, perhaps in a batch with others.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
        """
        return self._loads.submit(request)

    async def save(self, loaded: Loaded) -> SavedScore:
        """Verify, decide, and save the outcome, perhaps in a batch with others.

        The score that is returned is the one that was committed.

        Raises:
            ScorerNotFound: the community does not exist, has no usable scorer, or the caller is
                not allowed to see it.
            DatabaseUnavailable: the database can't be reached in time.
            RowLocked: another transaction held a row of this address for too long.
            TooManyForAddress: too many requests for this address wait already.
            WriteConflict: every attempt had one; nothing was written.
            UnusableWeight: the community's weights can't be summed up; nothing was written.
        """
        self._telemetry.metrics.add(SCORE_CACHE_MISSES)
        snapshot = await self._snapshot(loaded)
        async with self._locks.hold(snapshot.address) as waited:
            if waited:  # the requests before have changed the rows
                snapshot = await self._snapshot(await self.load(loaded.request))
            saved = await self._saves.submit(snapshot)
            if saved.content is not None:
                self._cache.put(loaded.request, saved.outcome, saved.content)
        return saved.outcome.saved()

    async def score(self, address: str, community_id: int) -> SavedScore:
        """Touch, or else load, decide and save; `address` is in lower case.

        Raises:
            ScorerNotFound: the community does not exist.
            DatabaseUnavailable, RowLocked, WriteConflict, UnusableWeight: see `load` and `save`.
        """
        request = ScoringRequest(address, community_id=community_id)
        return await self.touch(request) or await self.save(await self.load(request))

    async def verify_ahead(self, documents: Sequence[str]) -> None:
        """Verify credentials that will be stored, so that no transaction has to wait for it.

        `documents` are JSON, each exactly as the database will return it.
        """
        await self._snapshots.verify_ahead(documents, self._clock())

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
    ) -> SavedScore:
        """Load, decide and save in a transaction; the score row stays locked until it ends.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
            WriteConflict: the transaction must be rolled back.
            ScorerNotFound: the community does not exist.
            UnusableWeight: the community's weights can't be summed up.
        """
        return (await self._score_within(connection, address, community_id)).saved()

    async def _score_within(
        self, connection: Connection, address: str, community_id: int
    ) -> Outcome:
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
        return decide(await self._verified(loaded), self._clock(), self._policy)

    async def _load(
        self,
        database: Database | Connection,
        requests: Sequence[ScoringRequest],
        *,
        alone: bool = False,
    ) -> list[Loaded]:
        with self._telemetry.traces.stage(READ, len(requests)):
            inputs = await load_scores(
                database, requests, with_points=self._policy.is_of_interest, alone=alone
            )
        return list(map(Loaded, requests, inputs))

    async def _snapshot(self, loaded: Loaded) -> Snapshot:
        """Verify the loaded stamps; those of a large passport are loaded first, alone."""
        if not loaded.inputs.is_large:
            return await self._verified(loaded)
        async with self._large_passports.slot():
            (loaded,) = await self._load(self._database, [loaded.request], alone=True)
            return await self._verified(loaded)

    async def _verified(self, loaded: Loaded) -> Snapshot:
        with self._telemetry.traces.stage(VERIFY, 1):
            return await self._snapshots.snapshot(loaded, now=self._clock())

    async def _rescore(self, stale: Snapshot) -> Outcome:
        """Score a pair again whose batch had a write conflict: that was the first attempt."""
        pair = partial(self._score_within, address=stale.address, community_id=stale.community.id)
        return await self._retries.run(pair, attempts=MAX_ATTEMPTS - 1)
