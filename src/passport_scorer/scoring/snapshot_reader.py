"""What a score depends on: read once, then remembered as long as its rows stay as they are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
import structlog

from passport_scorer.credentials.errors import CredentialRefused
from passport_scorer.credentials.verified_cache import VerifiedCredentials
from passport_scorer.db.scoring_queries import ScoringRequest, ScoringRow, ScoringRowWithPoints
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.scoring import Outcome, Passport, Snapshot
from passport_scorer.domain.stamps import StampPolicy, StoredStamp, examine
from passport_scorer.scoring import reading
from passport_scorer.scoring.remembered import (
    Known,
    Remembered,
    RememberedPassport,
    RememberedScorer,
)
from passport_scorer.telemetry.metrics import (
    NO_METRICS,
    SIGNATURES_REFUSED,
    STAMP_CACHE_HITS,
    STAMP_CACHE_MISSES,
    STAMP_CACHE_SIZE,
    Metrics,
)

_LONGEST_HOLD = 0.002  # seconds that other requests are held up by signatures

log = structlog.get_logger()


class SnapshotReader:
    """Makes snapshots of rows, and knows what the next rows needn't have.

    Args:
        policy: what the operator decides about stamps.
        verified: verifies credentials, and remembers which were good.
        capacity: how many stamps are remembered at most.
        metrics: where stamps are counted.
    """

    def __init__(
        self,
        policy: StampPolicy,
        verified: VerifiedCredentials,
        capacity: int,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        self._policy = policy
        self._verified = verified
        self._metrics = metrics
        self._remembered = Remembered(capacity)

    def known(self, request: ScoringRequest) -> Known:
        """Return what needn't be read for a request."""
        return self._remembered.of(request)

    async def read(
        self,
        row: ScoringRow,
        request: ScoringRequest,
        known: Known,
        *,
        now: datetime,
    ) -> Snapshot | None:
        """Return what a score depends on.

        Args:
            row: what was read for the request.
            request: whose score, and where.
            known: what the database was told not to read.
            now: aware; a credential must not come from the future.

        Returns:
            None if there is no such community, or it isn't one of the key's account, or no
            address was asked for.

        Raises:
            UnusableWeight: the community's scorer has no weights that could be read.
        """
        if request.address is None or row.community_id is None:
            return None
        passport = await self._passport(row, request, request.address, known, now)
        community = reading.community(row, row.community_id, self._weights(row, request, known))
        return Snapshot(
            address=request.address,
            community=community,
            passport=Passport(row.passport_id, row.score_id, row.score_version, passport.copies),
            stamps=passport.stamps,
            links=passport.links,
            points=reading.points(row) if isinstance(row, ScoringRowWithPoints) else None,
            earlier=self._remembered.outcome(request.address, community, passport),
        )

    def remember(self, outcomes: Sequence[Outcome]) -> None:
        """Remember what was decided and written."""
        for outcome in outcomes:
            self._remembered.keep_outcome(outcome)

    def _weights(
        self, row: ScoringRow, request: ScoringRequest, known: Known
    ) -> Mapping[str, Decimal]:
        if known.scorer and known.scorer.version == row.scorer_version:
            return known.scorer.weights
        weights = reading.weights(row)
        if row.scorer_version is not None:
            self._remembered.keep_scorer(request, RememberedScorer(row.scorer_version, weights))
        return weights

    async def _passport(
        self, row: ScoringRow, request: ScoringRequest, address: str, known: Known, now: datetime
    ) -> RememberedPassport:
        """Return what is remembered, brought up to date."""
        remembered = known.passport
        links: Mapping[str, Link]
        if remembered and row.links_version is None:
            links, links_version = remembered.links, remembered.links_version
        else:
            links, links_version = reading.links(row), row.links_version or ""
        if remembered and row.stamps_version is None:
            self._metrics.add(STAMP_CACHE_HITS, len(remembered.stamps))
            if links_version == remembered.links_version:
                return remembered
            return self._kept(
                request,
                msgspec.structs.replace(remembered, links=links, links_version=links_version),
            )
        stored, is_lasting = await self._verify(row, address, now)
        self._metrics.add(STAMP_CACHE_MISSES, len(stored))
        passport = RememberedPassport(
            version=row.stamps_version or "",
            stamps=tuple(examine(stamp, address, self._policy) for stamp in stored),
            copies=tuple(row.copy_ids or ()),
            nullifiers=tuple(
                nullifier
                for stamp in stored
                if stamp.credential
                for nullifier in stamp.credential.nullifiers
            ),
            links_version=links_version,
            links=links,
        )
        return self._kept(request, passport) if is_lasting else passport

    def _kept(self, request: ScoringRequest, passport: RememberedPassport) -> RememberedPassport:
        self._remembered.keep_passport(request, passport)
        self._metrics.set(STAMP_CACHE_SIZE, len(self._remembered))
        return passport

    async def _verify(
        self, row: ScoringRow, address: str, now: datetime
    ) -> tuple[tuple[StoredStamp, ...], bool]:
        """Return what each stamp says, and False if time alone may change a verdict."""
        stamps = []
        is_lasting = True
        began = time.perf_counter()
        for row_id, version, provider, document, copy_id in zip(
            row.row_ids or (),
            row.row_versions or (),
            row.providers or (),
            row.documents or (),
            row.stamp_copy_ids or (),
            strict=True,
        ):
            credential: Credential | None = None
            try:
                credential = self._verified.verify(document, now)
            except CredentialRefused as refusal:
                is_lasting = is_lasting and not refusal.transient
                self._metrics.add(SIGNATURES_REFUSED, 1, refusal.code)
                log.info("signature_refused", address=address, stamp=row_id, reason=refusal.code)
            stamps.append(StoredStamp(row_id, version, provider, credential, copy_id))
            if time.perf_counter() - began > _LONGEST_HOLD:
                await asyncio.sleep(0)
                began = time.perf_counter()
        return tuple(stamps), is_lasting
