"""The stamp store: what an owner adds and takes away, scored in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum

import msgspec
import structlog

from passport_scorer.credentials.parsing import MAXIMUM_SIZE
from passport_scorer.db.database import Connection, Database
from passport_scorer.db.errors import ValueRefused
from passport_scorer.db.queries.scores import ScoringRequest
from passport_scorer.db.queries.stamps import (
    LIVE_STAMPS,
    LOCK_ADDRESS,
    STORE_STAMPS,
    STORED_SCORE,
    AddressParameters,
    LiveStamp,
    LiveStampsParameters,
    StoredScoreParameters,
    StoreStampsParameters,
)
from passport_scorer.domain.human_points import PointsState
from passport_scorer.domain.proof_values import canonical_proof_value
from passport_scorer.domain.scoring import Outcome
from passport_scorer.domain.stored_score import RecordedScore, UnreadableScore, read_row
from passport_scorer.domain.submissions import (
    Entry,
    NoStampToDelete,
    UnusableEntry,
    check_entries,
    check_live_stamps,
)
from passport_scorer.scoring.service import ScoringService


class SourceApp(IntEnum):
    """Which application a stamp came from: `ceramic_cache_ceramiccache.source_app`."""

    PASSPORT = 1
    EMBED = 2


class Source(msgspec.Struct, frozen=True):
    """Where stamps come from; both None if it isn't recorded."""

    app: SourceApp | None = None
    scorer_id: int | None = None


_NAMED = 10  # stamps that one event names
LONGEST_ANSWER = 4 * 1024 * 1024  # bytes of all documents that are listed together

log = structlog.get_logger()


class StampStore:
    """Adds, deletes and lists the stamps of an address.

    Documents that are longer than verification reads are left out of lists, which are themselves
    bounded: such rows can only have been written by others.

    Args:
        database: where they are.
        road: scores after each change.
        clock: returns the time (aware).
        most_stamps: live stamps that an address may have.
    """

    def __init__(
        self,
        database: Database,
        road: ScoringService,
        clock: Callable[[], datetime],
        most_stamps: int = 500,
    ) -> None:
        self._database = database
        self._road = road
        self._clock = clock
        self._most = most_stamps

    async def live_stamps(self, address: str) -> list[LiveStamp]:
        """Return the live, unrevoked stamps of an address (lower case), newest first."""
        return await self._listed(self._database, address)

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
            TooManyLiveStamps: the address would have too many stamps.
            ScorerNotFound: there is no such community.
        """
        check_entries(entries)

        async def work(connection: Connection) -> tuple[list[LiveStamp], Outcome]:
            await self._change(connection, address, entries, source)
            outcome = await self._road.score_within(connection, address, community_id)
            return await self._listed(connection, address), outcome

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
            return await self._listed(connection, address)

        return await self._road.transact(address, work)

    async def recorded_score(
        self, address: str, community_id: int
    ) -> tuple[RecordedScore | None, PointsState | None]:
        """Return the stored score of an address, and its points.

        Returns:
            None instead of a score if there is none, it has expired, or it can't be read.

        Raises:
            ScorerNotFound: there is no such community.
        """
        request = ScoringRequest(address, community_id=community_id)
        loaded = await self._road.read(request)
        points = loaded.points()
        parameters = StoredScoreParameters(address, community_id)
        for row in await self._database.read(STORED_SCORE, parameters):
            if row.has_expired(self._clock()):
                break
            try:
                return read_row(row, loaded.row.threshold), points
            except UnreadableScore as error:
                log.warning("score_not_readable", address=address, reason=error.code)
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
            provider=[entry.provider for entry in entries if entry.stamp],
            stamp=[stamp.document for stamp in stamps],
            proof_value=[canonical_proof_value(stamp.proof_value or "") for stamp in stamps],
            issuance_date=[stamp.issuance_date for stamp in stamps],
            expiration_date=[stamp.expiration_date for stamp in stamps],
            most_counted=self._most + len(entries) + 1,
        )
        try:
            (changed,) = await connection.fetch(STORE_STAMPS, parameters)
        except ValueRefused as error:
            raise UnusableEntry("A stamp holds what the database can't hold.") from error
        check_live_stamps(changed.live, changed.deleted, len(stamps), self._most)
        return changed.deleted

    async def _listed(self, database: Database | Connection, address: str) -> list[LiveStamp]:
        parameters = LiveStampsParameters(address, self._most, MAXIMUM_SIZE, LONGEST_ANSWER)
        stamps = await database.read(LIVE_STAMPS, parameters)
        left_out = [stamp.id for stamp in stamps if stamp.stamp is None]
        if left_out:
            log.warning(
                "stamps_not_listed", address=address, count=len(left_out), stamps=left_out[:_NAMED]
            )
        return [stamp for stamp in stamps if stamp.stamp is not None]
