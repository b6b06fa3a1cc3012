"""What a score depends on: read once, then remembered as long as its rows stay as they are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
import structlog

from passport_scorer.credentials.errors import DocumentUnreadable
from passport_scorer.credentials.verdict_cache import VerdictCache
from passport_scorer.db.queries.scores import ScoringRequest, ScoringRow
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.domain.scoring import Outcome, Passport, Snapshot
from passport_scorer.domain.stamps import Stamp, StampPolicy, StoredStamp, examine
from passport_scorer.scoring import rows
from passport_scorer.scoring.caches import (
    CachedPassport,
    CachedScorer,
    Known,
    ScoringCaches,
)
from passport_scorer.scoring.rows import Loaded
from passport_scorer.telemetry.metrics import (
    NO_METRICS,
    SIGNATURES_REJECTED,
    STAMP_CACHE_HITS,
    STAMP_CACHE_MISSES,
    STAMP_CACHE_SIZE,
    Metrics,
)

_LONGEST_HOLD = 0.002  # seconds that other requests are held up by signatures, at a time

log = structlog.get_logger()


class SnapshotLoader:
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
        verified: VerdictCache,
        capacity: int,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        self._policy = policy
        self._verified = verified
        self._metrics = metrics
        self._remembered = ScoringCaches(capacity)
        self._turn = asyncio.Lock()

    def known(self, request: ScoringRequest) -> Known:
        """Return what needn't be read for a request."""
        return self._remembered.of(request)

    async def read(self, loaded: Loaded, *, now: datetime) -> Snapshot:
        """Return what a score depends on.

        Args:
            loaded: what was read of an address in a community.
            now: aware; a credential must not come from the future.

        Raises:
            ScorerNotFound: there is no such community, or it has no usable scorer; or no address
                was asked for.
        """
        row, address, community_id = loaded.row, loaded.request.address, loaded.community_id
        if address is None:
            raise ScorerNotFound
        self._remembered.keep_name(loaded.request, community_id)
        community = rows.community(row, community_id, self._weights(loaded, community_id))
        passport = await self._passport(loaded, address, community_id, now)
        return Snapshot(
            address=address,
            community=community,
            passport=Passport(row.passport_id, row.score_id, row.score_version, passport.copies),
            stamps=passport.stamps,
            links=passport.links,
            points=loaded.points(),
            earlier=self._remembered.outcome(address, community, passport),
        )

    def remember(self, outcomes: Sequence[Outcome]) -> None:
        """Remember what was decided and written."""
        for outcome in outcomes:
            self._remembered.keep_outcome(outcome)

    def _weights(self, loaded: Loaded, community_id: int) -> Mapping[str, Decimal]:
        row, known = loaded.row, loaded.known.scorer
        if known and known.version == row.scorer_version:
            return known.weights
        weights = rows.weights(row)
        if row.scorer_version is not None:
            self._remembered.keep_scorer(community_id, CachedScorer(row.scorer_version, weights))
        return weights

    async def _passport(
        self, loaded: Loaded, address: str, community_id: int, now: datetime
    ) -> CachedPassport:
        """Return what is remembered, brought up to date."""
        row, remembered = loaded.row, loaded.known.passport
        if remembered and row.stamps_version is None:
            self._metrics.add(STAMP_CACHE_HITS, len(remembered.stamps))
            if row.links_version is None:
                return remembered
            links = _links_of(row, remembered.nullifiers)
            passport = msgspec.structs.replace(
                remembered, links=links, links_version=row.links_version
            )
            return self._kept(address, community_id, passport)
        stored, is_lasting = await self._verify(row, address, now)
        self._metrics.add(STAMP_CACHE_MISSES, len(stored))
        stamps = tuple(examine(stamp, address, self._policy) for stamp in stored)
        # Of stamps that can't count nothing is kept: their texts are anybody's.
        nullifiers = tuple(
            nullifier
            for stamp in stamps
            if isinstance(stamp.finding, Stamp)
            for nullifier in stamp.finding.nullifiers
        )
        passport = CachedPassport(
            version=row.stamps_version or "",
            stamps=stamps,
            copies=tuple(row.copy_ids or ()),
            nullifiers=nullifiers,
            links_version=row.links_version or "",
            links=_links_of(row, nullifiers),
        )
        may_be_kept = is_lasting and not row.has_other_proofs
        return self._kept(address, community_id, passport) if may_be_kept else passport

    def _kept(self, address: str, community_id: int, passport: CachedPassport) -> CachedPassport:
        self._remembered.keep_passport(address, community_id, passport)
        self._metrics.set(STAMP_CACHE_SIZE, len(self._remembered))
        return passport

    async def _verify(
        self, row: ScoringRow, address: str, now: datetime
    ) -> tuple[tuple[StoredStamp, ...], bool]:
        """Return what each stamp says, and False if time alone may change a verdict."""
        stamps: list[StoredStamp] = []
        is_lasting = True
        unverified = zip(
            row.row_ids or (),
            row.row_versions or (),
            row.providers or (),
            row.documents or (),
            row.stamp_copy_ids or (),
            strict=True,
        )
        left = len(row.row_ids or ())
        while left:
            # Those who verify take turns, each for a moment: together they hold up everybody else
            # no longer than one of them, and a few stamps don't wait for the end of many.
            async with self._turn:
                until = time.perf_counter() + _LONGEST_HOLD
                for row_id, version, provider, document, copy_id in unverified:
                    credential, may_change = self._verdict(document, address, row_id, now)
                    is_lasting = is_lasting and not may_change
                    stamps.append(StoredStamp(row_id, version, provider, credential, copy_id))
                    left -= 1
                    if time.perf_counter() > until:
                        break
            if left:
                await asyncio.sleep(0)
        return tuple(stamps), is_lasting

    def _verdict(
        self, document: str | None, address: str, row_id: int, now: datetime
    ) -> tuple[Credential | None, bool]:
        """Return what a document says, None if it is refused; and whether time may change that."""
        try:
            if document is None:
                raise DocumentUnreadable("The document is too long to be read.")
            return self._verified.verify(document, now), False
        except VerificationFailed as refusal:
            self._metrics.add(SIGNATURES_REJECTED, 1, refusal.code)
            log.info("signature_rejected", address=address, stamp=row_id, reason=refusal.code)
            return None, refusal.transient


def _links_of(row: ScoringRow, nullifiers: Sequence[str]) -> Mapping[str, Link]:
    """The links of these nullifiers; the row may have those of others, too."""
    links = rows.links(row)
    return {nullifier: links[nullifier] for nullifier in nullifiers if nullifier in links}
