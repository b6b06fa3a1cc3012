"""The stamp store: what an owner adds and takes away, scored in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum

import msgspec

from passport_scorer.db.database import Connection, Database
from passport_scorer.db.errors import ValueRefused
from passport_scorer.db.scoring_queries import ScoringRequest
from passport_scorer.db.stamp_store_queries import (
    LIVE_STAMPS,
    LOCK_ADDRESS,
    STORE_STAMPS,
    STORED_SCORE,
    AddressParameters,
    LiveStamp,
    StoredScoreParameters,
    StoreStampsParameters,
)
from passport_scorer.domain.human_points import PointsState
from passport_scorer.domain.scoring import Outcome
from passport_scorer.domain.stored_score import RecordedScore, read_evidence, read_stamps
from passport_scorer.domain.submitted_stamps import (
    Entry,
    NoStampToDelete,
    UnusableEntry,
    check_entries,
)
from passport_scorer.scoring.road import ScoringRoad


class SourceApp(IntEnum):
    """Which application a stamp came from: `ceramic_cache_ceramiccache.source_app`."""

    PASSPORT = 1
    EMBED = 2


class Source(msgspec.Struct, frozen=True):
    """Where stamps come from; both None if it isn't recorded."""

    app: SourceApp | None = None
    scorer_id: int | None = None


class StampStore:
    """Adds, deletes and lists the stamps of an address.

    Args:
        database: where they are.
        road: scores after each change.
        clock: returns the time (aware).
    """

    def __init__(
        self, database: Database, road: ScoringRoad, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._road = road
        self._clock = clock

    async def live_stamps(self, address: str) -> list[LiveStamp]:
        """Return the live, unrevoked stamps of an address (lower case), newest first."""
        return await self._database.read(LIVE_STAMPS, AddressParameters(address))

    async def is_scored(self, address: str, community_id: int) -> bool:
        """Return True if there is a stored score of an address (lower case) in a community."""
        parameters = StoredScoreParameters(address, community_id)
        return bool(await self._database.read(STORED_SCORE, parameters))

    async def store(
        self, address: str, entries: Sequence[Entry], community_id: int, source: Source
    ) -> tuple[list[LiveStamp], Outcome]:
        """Replace, add and delete stamps, and score: all of it or nothing.

        Args:
            address: whose stamps; in lower case.
            entries: what to change.
            community_id: where to score afterwards.
            source: where the stamps come from.

        Returns:
            The live stamps, newest first, and the score.

        Raises:
            UnusableEntry: an entry can't be stored.
            ScorerNotFound: there is no such community.
        """
        check_entries(entries)

        async def work(connection: Connection) -> tuple[list[LiveStamp], Outcome]:
            await self._change(connection, address, entries, source)
            outcome = await self._road.score_within(connection, address, community_id)
            return await connection.read(LIVE_STAMPS, AddressParameters(address)), outcome

        return await self._road.transact(address, work)

    async def delete(
        self, address: str, providers: Sequence[str], community_id: int
    ) -> list[LiveStamp]:
        """Delete stamps, and score: both or nothing; return the live stamps, newest first.

        Raises:
            NoStampToDelete: none of the providers has a live stamp.
            ScorerNotFound: there is no such community.
        """
        entries = [Entry(provider) for provider in dict.fromkeys(providers)]

        async def work(connection: Connection) -> list[LiveStamp]:
            if not await self._change(connection, address, entries, Source()):
                raise NoStampToDelete
            await self._road.score_within(connection, address, community_id)
            return await connection.read(LIVE_STAMPS, AddressParameters(address))

        return await self._road.transact(address, work)

    async def recorded_score(
        self, address: str, community_id: int
    ) -> tuple[RecordedScore | None, PointsState | None]:
        """Return the stored score of an address, and its points.

        Returns:
            None instead of a score if there is none, or it has expired.

        Raises:
            ScorerNotFound: there is no such community.
        """
        request = ScoringRequest(address, community_id=community_id)
        points = (await self._road.read(request)).points()
        parameters = StoredScoreParameters(address, community_id)
        for row in await self._database.read(STORED_SCORE, parameters):
            evidence = read_evidence(row.evidence)
            if evidence is not None:
                score = RecordedScore(
                    evidence=evidence,
                    computed_at=row.last_score_timestamp,
                    expires_at=row.expiration_date,
                    error=row.error,
                    stamps=read_stamps(row.stamps),
                )
                return (None if score.has_expired(self._clock()) else score), points
        return None, points

    async def _change(
        self, connection: Connection, address: str, entries: Sequence[Entry], source: Source
    ) -> int:
        """Change the rows; return how many stamps were deleted."""
        await connection.execute(LOCK_ADDRESS, AddressParameters(address))
        stamps = [entry.stamp for entry in entries if entry.stamp]
        parameters = StoreStampsParameters(
            address=address,
            now=self._clock(),
            deleted_provider=[entry.provider for entry in entries],
            source_app=source.app,
            source_scorer_id=source.scorer_id,
            provider=[stamp.provider or "" for stamp in stamps],
            stamp=[stamp.document for stamp in stamps],
            proof_value=[stamp.proof_value or "" for stamp in stamps],
            issuance_date=[stamp.issuance_date for stamp in stamps],
            expiration_date=[stamp.expiration_date for stamp in stamps],
        )
        try:
            (changed,) = await connection.fetch(STORE_STAMPS, parameters)
        except ValueRefused as error:
            raise UnusableEntry("A stamp holds what the database can't hold.") from error
        return changed.deleted
