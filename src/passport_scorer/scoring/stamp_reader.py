"""What the stamps of an address say: verified once, then remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

import msgspec
import structlog

from passport_scorer.credentials.errors import CredentialRefused
from passport_scorer.credentials.verified_cache import VerifiedCredentials
from passport_scorer.db.scoring_queries import KnownStamp, ScoringRequest, ScoringRow
from passport_scorer.domain.credential import Credential
from passport_scorer.scoring.remembered_rows import RememberedRows, RowVersion
from passport_scorer.telemetry.metrics import (
    NO_METRICS,
    SIGNATURES_REFUSED,
    STAMP_CACHE_HITS,
    STAMP_CACHE_MISSES,
    STAMP_CACHE_SIZE,
    Metrics,
)

# A row of the stamp store -> what verification made of it: None if it was refused.
Stamps = Mapping[RowVersion, Credential | None]
# A row of the stamp store -> the passport's copy that holds the same.
Copies = Mapping[RowVersion, RowVersion]

log = structlog.get_logger()


class Known(msgspec.Struct, frozen=True):
    """What is remembered of an address in a community."""

    stamps: Stamps
    copies: Copies

    def for_database(self) -> list[KnownStamp]:
        """Return what the database needs to know of it."""
        return [
            KnownStamp(
                *row,
                credential.nullifiers if credential else (),
                *self.copies.get(row, (None, None)),
            )
            for row, credential in self.stamps.items()
        ]


class StampReader:
    """Verifies documents that were read, and knows which needn't be read or compared.

    Args:
        verified: verifies credentials, and remembers which were good.
        capacity: how many stamps are remembered at most, and how many copies.
        metrics: where stamps are counted.
    """

    def __init__(
        self, verified: VerifiedCredentials, capacity: int, metrics: Metrics = NO_METRICS
    ) -> None:
        self._verified = verified
        self._metrics = metrics
        self._stamps: RememberedRows[str, Credential | None] = RememberedRows(capacity)
        self._copies: RememberedRows[tuple[str, int], RowVersion] = RememberedRows(capacity)

    def known(self, request: ScoringRequest) -> Known:
        """Return what needn't be read for a request.

        A scorer id that turns out to be an external one costs a comparison, nothing else.
        """
        if request.address is None:
            return Known({}, {})
        community_id = request.community_id or request.scorer_id or 0
        return Known(
            self._stamps.of(request.address), self._copies.of((request.address, community_id))
        )

    async def read(self, row: ScoringRow, address: str, known: Known, *, now: datetime) -> Stamps:
        """Return what each stamp of a row says; None for one whose signature is refused.

        Args:
            row: its documents are null for the stamps in `known`.
            address: whose stamps they are.
            known: what the database was told not to read.
            now: aware; a credential must not come from the future.
        """
        rows = list(zip(row.row_ids or (), row.row_versions or (), strict=True))
        self._remember_copies(row, rows, address, known.copies)
        stamps: dict[RowVersion, Credential | None] = {}
        passing: set[RowVersion] = set()
        for key, document in zip(rows, row.documents or (), strict=True):
            if document is None:
                stamps[key] = known.stamps[key]
                continue
            try:
                stamps[key] = self._verified.verify(document, now)
            except CredentialRefused as refusal:
                stamps[key] = None
                if refusal.transient:
                    passing.add(key)
                self._metrics.add(SIGNATURES_REFUSED, 1, refusal.code)
                log.info("signature_refused", address=address, stamp=key[0], reason=refusal.code)
            await asyncio.sleep(0)  # a hundred signatures must not hold up other requests
        if stamps.keys() != known.stamps.keys() or passing:
            lasting = {key: stamp for key, stamp in stamps.items() if key not in passing}
            self._stamps.remember(address, lasting)
        self._count(row)
        return stamps

    def _count(self, row: ScoringRow) -> None:
        documents = row.documents or []
        read = len(documents) - documents.count(None)
        self._metrics.add(STAMP_CACHE_HITS, len(documents) - read)
        if read:
            self._metrics.add(STAMP_CACHE_MISSES, read)
            self._metrics.set(STAMP_CACHE_SIZE, len(self._stamps))

    def _remember_copies(
        self, row: ScoringRow, rows: list[RowVersion], address: str, known: Copies
    ) -> None:
        if row.community_id is None:
            return
        versions = dict(zip(row.copy_ids or (), row.copy_versions or (), strict=True))
        copies = {
            stamp: (copy_id, versions[copy_id])
            for stamp, copy_id in zip(rows, row.stamp_copy_ids or (), strict=True)
            if copy_id is not None
        }
        if copies != known:
            self._copies.remember((address, row.community_id), copies)
