"""From loaded rows to snapshots: the inputs of scores, verified and cached."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
import structlog

from passport_scorer.credentials.errors import DocumentUnreadable
from passport_scorer.credentials.verdict_cache import VerdictCache
from passport_scorer.db.queries.loaded_scores import (
    LoadedLinks,
    LoadedScore,
    LoadedStamp,
    LoadedStamps,
    ScoringRequest,
)
from passport_scorer.domain.api_key import ApiKey
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.domain.human_points import PointsState
from passport_scorer.domain.scoring import Passport, Snapshot
from passport_scorer.domain.stamps import ExaminedStamp, Stamp, StampPolicy, StoredStamp, examine
from passport_scorer.scoring.caches import CachedInputs, CachedPassport, CachedScorer, InputCache
from passport_scorer.scoring.communities import community_of, usable_weights
from passport_scorer.telemetry.metrics import (
    NO_METRICS,
    SIGNATURES_REJECTED,
    STAMP_CACHE_HITS,
    STAMP_CACHE_MISSES,
    STAMP_CACHE_SIZE,
    Metrics,
)

_MAX_BLOCKING = 0.002  # seconds that signatures keep the event loop from other requests at a time
_NO_STAMPS = LoadedStamps()

log = structlog.get_logger()


class Loaded(msgspec.Struct, frozen=True):
    """The inputs of one score, loaded but not verified yet.

    Attributes:
        request: the pair that was loaded.
        cached: the inputs that were cached, whose versions the database was told.
        inputs: what the database returned.
    """

    request: ScoringRequest
    cached: CachedInputs
    inputs: LoadedScore

    @property
    def key(self) -> ApiKey | None:
        """The API key with the requested prefix; None if it does not exist."""
        return self.inputs.key

    @property
    def community_id(self) -> int:
        """The id of the requested community.

        Raises:
            ScorerNotFound: it does not exist, or the caller is not allowed to see it.
        """
        if self.inputs.community_id is None:
            raise ScorerNotFound
        return self.inputs.community_id

    @property
    def points(self) -> PointsState | None:
        """The Human Points of the address; None if the community does not take part.

        Raises:
            ScorerNotFound: see `community_id`.
        """
        _ = self.community_id
        return self.inputs.points


class SnapshotLoader:
    """Makes snapshots of loaded inputs, and caches them.

    Args:
        policy: what the operator decides about stamps.
        verifier: verifies credentials, and caches the verdicts.
        capacity: the number of stamps that are cached.
        metrics: where stamps are counted.
    """

    def __init__(
        self,
        policy: StampPolicy,
        verifier: VerdictCache,
        capacity: int,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        self._policy = policy
        self._verifier = verifier
        self._metrics = metrics
        self._cache = InputCache(capacity)
        self._verifying = asyncio.Lock()

    def cached(self, request: ScoringRequest) -> CachedInputs:
        """Return the cached inputs, which the database reloads only if they have changed."""
        return self._cache.get(request)

    async def snapshot(self, loaded: Loaded, *, now: datetime) -> Snapshot:
        """Return the snapshot of loaded inputs; stamps that were not cached are verified.

        Args:
            loaded: the inputs of an address in a community.
            now: aware; a credential must not come from the future.

        Raises:
            ScorerNotFound: the community does not exist or has no usable scorer; or the request
                named no address.
        """
        inputs, address, community_id = loaded.inputs, loaded.request.address, loaded.community_id
        if address is None:
            raise ScorerNotFound
        self._cache.put_name(loaded.request, community_id)
        community = community_of(inputs.scorer, community_id, self._weights(loaded, community_id))
        passport = await self._passport(loaded, address, community_id, now)
        return Snapshot(
            address=address,
            community=community,
            passport=Passport(
                inputs.passport_id, inputs.score_id, inputs.score_version, passport.registered
            ),
            stamps=passport.stamps,
            links=passport.links,
            points=inputs.points,
        )

    def _weights(self, loaded: Loaded, community_id: int) -> Mapping[str, Decimal]:
        scorer, cached = loaded.inputs.scorer, loaded.cached.scorer
        if cached and cached.version == scorer.version:
            return cached.weights
        weights = usable_weights(scorer.weights, community_id)
        if scorer.version is not None:
            self._cache.put_scorer(community_id, CachedScorer(scorer.version, weights))
        return weights

    async def _passport(
        self, loaded: Loaded, address: str, community_id: int, now: datetime
    ) -> CachedPassport:
        """Return the cached passport if it is current, or the loaded one, which is then cached."""
        inputs, cached = loaded.inputs, loaded.cached.passport
        if cached and inputs.stamps is None:
            self._metrics.add(STAMP_CACHE_HITS, len(cached.stamps))
            if inputs.links is None:
                return cached
            links = _links_of(inputs.links, cached.nullifiers)
            passport = msgspec.structs.replace(
                cached, links=links, links_version=inputs.links.version
            )
            return self._put(address, community_id, passport)
        loaded_stamps = inputs.stamps or _NO_STAMPS
        stored, is_lasting = await self._verify(loaded_stamps.stamps, address, now)
        self._metrics.add(STAMP_CACHE_MISSES, len(stored))
        stamps = tuple(examine(stamp, address, self._policy) for stamp in stored)
        nullifiers = tuple(_nullifiers(stamps))
        passport = CachedPassport(
            version=loaded_stamps.version,
            stamps=stamps,
            registered=loaded_stamps.registered,
            nullifiers=nullifiers,
            links_version=inputs.links.version if inputs.links else "",
            links=_links_of(inputs.links, nullifiers),
        )
        is_cacheable = is_lasting and not loaded_stamps.has_other_proofs
        return self._put(address, community_id, passport) if is_cacheable else passport

    def _put(self, address: str, community_id: int, passport: CachedPassport) -> CachedPassport:
        self._cache.put_passport(address, community_id, passport)
        self._metrics.set(STAMP_CACHE_SIZE, self._cache.size)
        return passport

    async def _verify(
        self, loaded: Sequence[LoadedStamp], address: str, now: datetime
    ) -> tuple[tuple[StoredStamp, ...], bool]:
        """Return the verified stamps, and False if time alone can change a verdict."""
        stamps: list[StoredStamp] = []
        is_lasting = True
        unverified = iter(loaded)
        while len(stamps) < len(loaded):
            # Requests with signatures to verify take turns: together they block the event loop no
            # longer than one of them, and a passport of few stamps doesn't wait for a large one.
            async with self._verifying:
                until = time.perf_counter() + _MAX_BLOCKING
                for stamp in unverified:
                    credential, can_change = self._verdict(stamp, address, now)
                    is_lasting = is_lasting and not can_change
                    stamps.append(
                        StoredStamp(
                            stamp.row_id,
                            stamp.row_version,
                            stamp.provider,
                            credential,
                            stamp.registered_id,
                        )
                    )
                    if time.perf_counter() > until:
                        break
            if len(stamps) < len(loaded):
                await asyncio.sleep(0)
        return tuple(stamps), is_lasting

    def _verdict(
        self, stamp: LoadedStamp, address: str, now: datetime
    ) -> tuple[Credential | None, bool]:
        """Return the claims, None if the document is rejected; and whether time can change that."""
        try:
            if stamp.document is None:
                raise DocumentUnreadable("The document is too long to be read.")
            return self._verifier.verify(stamp.document, now), False
        except VerificationFailed as failure:
            self._metrics.add(SIGNATURES_REJECTED, 1, failure.code)
            log.info("signature_rejected", address=address, stamp=stamp.row_id, reason=failure.code)
            return None, failure.transient


def _nullifiers(stamps: Sequence[ExaminedStamp]) -> Iterator[str]:
    """Return the nullifiers of stamps that can count; the texts of others can be anything."""
    for stamp in stamps:
        if isinstance(stamp.finding, Stamp):
            yield from stamp.finding.nullifiers


def _links_of(links: LoadedLinks | None, nullifiers: Sequence[str]) -> Mapping[str, Link]:
    """Return the links of these nullifiers; others can have been loaded, too."""
    found = links.by_nullifier if links else {}
    return {nullifier: found[nullifier] for nullifier in nullifiers if nullifier in found}
