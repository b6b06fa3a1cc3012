"""The stamp store: stamps that an owner adds and deletes, scored in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from passport_scorer.credentials.parsing import MAXIMUM_SIZE
from passport_scorer.db.database import Connection, Database
from passport_scorer.db.errors import ValueRefused
from passport_scorer.db.queries.loaded_scores import ScoringRequest
from passport_scorer.db.queries.locks import lock_address
from passport_scorer.db.queries.stamps import live_stamps, store_stamps, stored_score
from passport_scorer.domain.human_points import PointsState
from passport_scorer.domain.scoring import SavedScore
from passport_scorer.domain.stamps import LiveStamp
from passport_scorer.domain.stored_scores import RecordedScore, UnreadableScore, read_row
from passport_scorer.domain.submissions import (
    Entry,
    NoStampToDelete,
    Source,
    UnusableEntry,
    check_entries,
    check_live_stamps,
)
from passport_scorer.scoring.service import ScoringService
from passport_scorer.telemetry.logger import log

LONGEST_ANSWER = 4 * 1024 * 1024  # bytes of all documents that are listed together
_MAX_LOGGED = 10  # stamps that one event names


class StampStore:
    """Adds, deletes and lists the stamps of an address.

    Documents that are too long for verification are omitted from lists, which are bounded, too:
    only other programs can have stored such rows.

    Args:
        database: where the stamps are.
        scoring: scores after each change.
        clock: returns the time (aware).
        max_stamps: live stamps of an address.
    """

    def __init__(
        self,
        database: Database,
        scoring: ScoringService,
        clock: Callable[[], datetime],
        max_stamps: int = 500,
    ) -> None:
        self._database = database
        self._scoring = scoring
        self._clock = clock
        self._max_stamps = max_stamps

    async def live_stamps(self, address: str) -> list[LiveStamp]:
        """Return the live, unrevoked stamps of an address (lower case), newest first."""
        return await self._list(self._database, address)

    async def is_scored(self, address: str, community_id: int) -> bool:
        """Return True if an address (lower case) has a stored score in a community."""
        return await stored_score(self._database, address, community_id) is not None

    async def store(
        self, address: str, entries: Sequence[Entry], community_id: int, source: Source
    ) -> tuple[list[LiveStamp], SavedScore]:
        """Replace, add and delete stamps, and score: all of it or nothing.

        Args:
            address: whose stamps; in lower case.
            entries: the changes.
            community_id: where to score afterward.
            source: where the stamps come from.

        Returns:
            The live stamps, newest first, and the score.

        Raises:
            UnusableEntry: an entry can't be stored.
            TooManyLiveStamps: the address would have too many stamps.
            ScorerNotFound: the community does not exist.
        """
        check_entries(entries)
        await self._scoring.verify_ahead(
            [entry.stamp.stored_document for entry in entries if entry.stamp]
        )

        async def work(connection: Connection) -> tuple[list[LiveStamp], SavedScore]:
            await self._change(connection, address, entries, source)
            saved = await self._scoring.score_within(connection, address, community_id)
            return await self._list(connection, address), saved

        return await self._scoring.transact(address, work)

    async def delete(
        self, address: str, providers: Sequence[str], community_id: int
    ) -> list[LiveStamp]:
        """Delete stamps, and score: both or nothing; return the live stamps, newest first.

        Raises:
            NoStampToDelete: none of the providers has a live stamp.
            ScorerNotFound: the community does not exist.
        """
        entries = [Entry(provider) for provider in dict.fromkeys(providers)]

        async def work(connection: Connection) -> list[LiveStamp]:
            if not await self._change(connection, address, entries, Source()):
                raise NoStampToDelete
            await self._scoring.score_within(connection, address, community_id)
            return await self._list(connection, address)

        return await self._scoring.transact(address, work)

    async def recorded_score(
        self, address: str, community_id: int
    ) -> tuple[RecordedScore | None, PointsState | None]:
        """Return the stored score of an address, and its points.

        Returns:
            None instead of a score that does not exist, has expired, or can't be read.

        Raises:
            ScorerNotFound: the community does not exist.
        """
        loaded = await self._scoring.load(ScoringRequest(address, community_id=community_id))
        points = loaded.points
        columns = await stored_score(self._database, address, community_id)
        if columns is None or columns.has_expired(self._clock()):
            return None, points
        try:
            return read_row(columns, loaded.inputs.scorer.threshold), points
        except UnreadableScore as error:
            log.warning("score_not_readable", address=address, reason=error.code)
            return None, points

    async def _change(
        self, connection: Connection, address: str, entries: Sequence[Entry], source: Source
    ) -> int:
        """Change the rows; return the number of stamps that were deleted."""
        await lock_address(connection, address)
        try:
            changed = await store_stamps(
                connection,
                address,
                entries,
                source,
                now=self._clock(),
                most_counted=self._max_stamps + len(entries) + 1,
            )
        except ValueRefused as error:
            raise UnusableEntry("A stamp contains a value that cannot be stored.") from error
        stored = sum(entry.stamp is not None for entry in entries)
        check_live_stamps(changed.live, changed.deleted, stored, self._max_stamps)
        return changed.deleted

    async def _list(self, database: Database | Connection, address: str) -> list[LiveStamp]:
        stamps = await live_stamps(
            database,
            address,
            most=self._max_stamps,
            longest_document=MAXIMUM_SIZE,
            longest_answer=LONGEST_ANSWER,
        )
        if stamps.omitted:
            log.warning(
                "stamps_not_listed",
                address=address,
                count=len(stamps.omitted),
                stamps=stamps.omitted[:_MAX_LOGGED],
            )
        return stamps.listed
