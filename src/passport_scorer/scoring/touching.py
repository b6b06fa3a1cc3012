"""Batches of cached scores are touched together; see `db/queries/touch_scores.sql`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from passport_scorer.db.database import Database
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.db.queries.loaded_scores import ScoringRequest, Touch
from passport_scorer.db.queries.touch_scores import touch_scores
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.scoring import SavedScore
from passport_scorer.scoring.score_cache import CachedScore
from passport_scorer.scoring.score_reports import report_score
from passport_scorer.telemetry import Telemetry
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.traces import TOUCH


class TouchRequest(msgspec.Struct, frozen=True):
    """A request whose score is cached.

    Attributes:
        request: the pair.
        cached: its score.
        key_version: for partners: the version of the API key that was checked.
    """

    request: ScoringRequest
    cached: CachedScore
    key_version: str | None

    def touch(self) -> Touch:
        """Return what the database needs."""
        request, cached = self.request, self.cached
        return Touch(
            address=cached.address,
            community_id=cached.community_id,
            versions=cached.versions,
            content=cached.content,
            expires_at_shown=cached.expires_at_shown,
            key_prefix=request.key_prefix,
            key_version=self.key_version,
            external_scorer_id=request.external_scorer_id,
        )


class ScoreToucher:
    """Touches cached scores.

    Args:
        database: where the scores are.
        clock: returns the time (aware).
        telemetry: where scores are counted, and the statement traced.
    """

    def __init__(
        self, database: Database, clock: Callable[[], datetime], telemetry: Telemetry
    ) -> None:
        self._database = database
        self._clock = clock
        self._telemetry = telemetry

    async def touch_batch(self, requests: Sequence[TouchRequest]) -> list[SavedScore | None]:
        """Touch a batch in one round trip; None in the place of a score that has to be loaded.

        No pair can occur twice.

        Raises:
            DatabaseUnavailable: the database can't be reached in time.
        """
        now = self._clock()
        touches = [request.touch() for request in requests]
        try:
            with self._telemetry.traces.stage(TOUCH, len(requests)):
                touched = await touch_scores(self._database, touches, now)
        except DatabaseUnavailable:
            raise
        except PassportScorerError as error:  # loading and saving will find the score at fault
            log.warning("touch_failed", count=len(touches), reason=error.code)
            return [None] * len(requests)
        return [
            self._saved(request.cached, now) if position in touched else None
            for position, request in enumerate(requests)
        ]

    def _saved(self, cached: CachedScore, now: datetime) -> SavedScore:
        report_score(self._telemetry.metrics, cached.address, cached.community_id, cached.rejected)
        return SavedScore(cached.address, cached.community_id, cached.score, now)
