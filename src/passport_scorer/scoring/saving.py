"""Batches of snapshots are decided on and saved together; whatever fails is isolated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeGuard

import msgspec

from passport_scorer.db.database import Connection, Database
from passport_scorer.db.errors import DatabaseUnavailable, RowLocked, WriteConflict
from passport_scorer.db.queries.write_scoring import save_outcomes
from passport_scorer.domain.human_points import PointsPolicy
from passport_scorer.domain.scoring import Outcome, Snapshot, decide_batch
from passport_scorer.scoring.score_reports import report_score
from passport_scorer.telemetry import Telemetry
from passport_scorer.telemetry.traces import DECIDE, WRITE


class SavedOutcome(msgspec.Struct, frozen=True):
    """An outcome that was saved.

    Attributes:
        outcome: what was decided.
        content: a hash of what its score row says; None if it is not known.
    """

    outcome: Outcome
    content: int | None = None


Saved = SavedOutcome | Exception | asyncio.Future[SavedOutcome]
"""The result of a pair; a future if it is retried alone, while the others are done already."""


class OutcomeSaver:
    """Decides on snapshots and saves the outcomes.

    Args:
        database: where outcomes are saved.
        retry: loads, decides and saves a pair again, in a transaction of its own.
        policy: what the operator decides about Human Points.
        clock: returns the time (aware).
        telemetry: where scores are counted, and the stages traced.
    """

    def __init__(
        self,
        database: Database,
        retry: Callable[[Snapshot], Coroutine[Any, Any, Outcome]],
        policy: PointsPolicy,
        clock: Callable[[], datetime],
        telemetry: Telemetry,
    ) -> None:
        self._database = database
        self._retry = retry
        self._policy = policy
        self._clock = clock
        self._telemetry = telemetry
        self._retries: set[asyncio.Task[SavedOutcome]] = set()

    async def save_batch(self, snapshots: Sequence[Snapshot]) -> list[Saved]:
        """Decide on a batch and save it in one round trip. No pair can occur twice.

        A pair that fails, conflicts, or needs a row that another transaction has locked leaves the
        batch, and the others are saved without it. Nothing is raised: the result of each pair is
        in its place.
        """
        if not snapshots:
            return []
        now = self._clock()
        with self._telemetry.traces.stage(DECIDE, len(snapshots)):
            decided = decide_batch(snapshots, now, self._policy)
        outcomes = [each for each in decided if _can_share_batch(each)]
        if len(outcomes) < len(snapshots):
            return await self._save_rest(snapshots, self._take_out(decided))
        try:
            with self._telemetry.traces.stage(WRITE, len(outcomes)):
                contents = await save_outcomes(self._database, outcomes, now)
        except (WriteConflict, RowLocked) as error:
            return await self._save_rest(snapshots, self._retry_conflicts(snapshots, error))
        except DatabaseUnavailable as error:
            return [error] * len(snapshots)
        except Exception as error:  # noqa: BLE001  halving the batch finds the pair at fault
            return [error] if len(snapshots) == 1 else await self._save_halves(snapshots)
        self._report(outcomes)
        return list(map(SavedOutcome, outcomes, contents))

    async def save_within(self, connection: Connection, outcome: Outcome) -> None:
        """Save one outcome in a transaction.

        Raises:
            WriteConflict: it is out of date; the transaction must be rolled back.
        """
        with self._telemetry.traces.stage(WRITE, 1):
            await save_outcomes(connection, [outcome], outcome.computed_at)
        self._report([outcome])

    def _take_out(self, decided: Sequence[Outcome | Exception]) -> dict[int, Saved]:
        """Return the failures of a batch, and start to score pairs with capped actions alone."""
        return {
            position: each if isinstance(each, Exception) else self._start_retry(each.snapshot)
            for position, each in enumerate(decided)
            if not _can_share_batch(each)
        }

    def _retry_conflicts(
        self, snapshots: Sequence[Snapshot], error: WriteConflict | RowLocked
    ) -> dict[int, Saved]:
        """Start to retry the pairs that conflict; all of them if the error does not name them."""
        ordinals = error.conflicting if isinstance(error, WriteConflict) else ()
        positions = [ordinal - 1 for ordinal in ordinals] or range(len(snapshots))
        return {position: self._start_retry(snapshots[position]) for position in positions}

    def _start_retry(self, snapshot: Snapshot) -> asyncio.Task[SavedOutcome]:
        """Score a pair in a transaction of its own; no other request has to wait for it."""
        task = asyncio.create_task(self._retried(snapshot))
        self._retries.add(task)
        task.add_done_callback(self._retries.discard)
        return task

    async def _retried(self, snapshot: Snapshot) -> SavedOutcome:
        return SavedOutcome(await self._retry(snapshot))

    async def _save_rest(
        self, snapshots: Sequence[Snapshot], saved: Mapping[int, Saved]
    ) -> list[Saved]:
        """Save the pairs of a batch that have no result yet, together."""
        rest = [position for position in range(len(snapshots)) if position not in saved]
        together = await self.save_batch([snapshots[position] for position in rest])
        results = {**saved, **dict(zip(rest, together, strict=True))}
        return [results[position] for position in range(len(snapshots))]

    async def _save_halves(self, snapshots: Sequence[Snapshot]) -> list[Saved]:
        half = len(snapshots) // 2
        return [
            *await self.save_batch(snapshots[:half]),
            *await self.save_batch(snapshots[half:]),
        ]

    def _report(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            snapshot, assessment = outcome.snapshot, outcome.assessment
            report_score(
                self._telemetry.metrics,
                snapshot.address,
                snapshot.community.id,
                assessment.rejected,
                len(assessment.clashes),
            )


def _can_share_batch(decided: Outcome | Exception) -> TypeGuard[Outcome]:
    """Return False for a failure, and for a capped action: those are given one by one."""
    return isinstance(decided, Outcome) and not decided.points.has_capped
