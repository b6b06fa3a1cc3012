"""From loaded rows to snapshots: the inputs of scores, verified."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import TypeVar

import msgspec

from passport_scorer.credentials.errors import DocumentUnreadable
from passport_scorer.credentials.verdict_cache import VerdictCache
from passport_scorer.db.queries.loaded_scores import (
    LoadedLink,
    LoadedScore,
    LoadedStamp,
    ScoringRequest,
)
from passport_scorer.domain.api_key import ApiKey
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.domain.human_points import PointsState
from passport_scorer.domain.scoring import Passport, Snapshot, Versions
from passport_scorer.domain.stamps import ExaminedStamp, Stamp, StampPolicy, StoredStamp, examine
from passport_scorer.scoring.communities import community_of
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import (
    NO_METRICS,
    SIGNATURES_REJECTED,
    Metrics,
)

_MAX_BLOCKING = 0.002  # seconds that signatures keep the event loop from other requests at a time

Verdict = TypeVar("Verdict")


class Loaded(msgspec.Struct, frozen=True):
    """The inputs of one score, loaded but not verified yet.

    Attributes:
        request: the pair that was loaded.
        inputs: what the database returned.
    """

    request: ScoringRequest
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
    """Makes snapshots of loaded inputs.

    Args:
        policy: what the operator decides about stamps.
        verifier: verifies credentials, and caches the verdicts.
        metrics: where stamps are counted.
    """

    def __init__(
        self, policy: StampPolicy, verifier: VerdictCache, metrics: Metrics = NO_METRICS
    ) -> None:
        self._policy = policy
        self._verifier = verifier
        self._metrics = metrics
        self._verifying = asyncio.Lock()

    async def snapshot(self, loaded: Loaded, *, now: datetime) -> Snapshot:
        """Return the snapshot of loaded inputs, whose stamps are verified.

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
        community = community_of(inputs.scorer, community_id)
        stored, is_lasting = await self._verify(inputs.stamps.stamps, address, now)
        stamps = tuple(examine(stamp, address, self._policy) for stamp in stored)
        nullifiers = tuple(dict.fromkeys(chain.from_iterable(map(_nullifiers, stamps))))
        links = {each: inputs.links[each] for each in nullifiers if each in inputs.links}
        return Snapshot(
            address=address,
            community=community,
            passport=Passport(
                inputs.passport_id,
                inputs.score_id,
                inputs.score_version,
                inputs.stamps.registered,
            ),
            stamps=stamps,
            links={nullifier: loaded_link.link for nullifier, loaded_link in links.items()},
            points=inputs.points,
            versions=_versions(inputs, links, nullifiers) if is_lasting else None,
        )

    async def verify_ahead(self, documents: Sequence[str], now: datetime) -> None:
        """Verify credentials (JSON) of which a score will need the verdicts.

        Args:
            documents: each exactly as the database will return it.
            now: aware.
        """

        def verdicts() -> Iterator[None]:
            for document in documents:
                self._verifier.verify_ahead(document, now)
                yield

        await self._in_turns(verdicts())

    async def _verify(
        self, loaded: Sequence[LoadedStamp], address: str, now: datetime
    ) -> tuple[tuple[StoredStamp, ...], bool]:
        """Return the verified stamps, and False if time alone can change a verdict."""
        verdicts = await self._in_turns(self._verdict(stamp, address, now) for stamp in loaded)
        stamps = tuple(
            StoredStamp(
                stamp.row_id, stamp.row_version, stamp.provider, credential, stamp.registered_id
            )
            for stamp, (credential, _) in zip(loaded, verdicts, strict=True)
        )
        return stamps, not any(can_change for _, can_change in verdicts)

    async def _in_turns(self, verdicts: Iterator[Verdict]) -> list[Verdict]:
        """Return all verdicts, which are computed as they are taken."""
        taken: list[Verdict] = []
        while True:
            # Requests with signatures to verify take turns: together they block the event loop no
            # longer than one of them, and a passport of few stamps doesn't wait for a large one.
            async with self._verifying:
                until = time.perf_counter() + _MAX_BLOCKING
                for verdict in verdicts:
                    taken.append(verdict)
                    if time.perf_counter() > until:
                        break
                else:
                    return taken
            await asyncio.sleep(0)

    def _verdict(
        self, stamp: LoadedStamp, address: str, now: datetime
    ) -> tuple[Credential | None, bool]:
        """Return the claims, None if the document is rejected; and whether time can change that."""
        try:
            if stamp.document is None:
                raise DocumentUnreadable("The document is too long to be read.")
            credential = self._verifier.verify(stamp.document, now, is_registered=stamp.has_copy)
            return credential, False
        except VerificationFailed as failure:
            self._metrics.add(SIGNATURES_REJECTED, 1, failure.code)
            log.info("signature_rejected", address=address, stamp=stamp.row_id, reason=failure.code)
            return None, failure.transient


def _nullifiers(stamp: ExaminedStamp) -> Sequence[str]:
    """Return the nullifiers of a stamp that can count; the texts of others can be anything."""
    return stamp.finding.nullifiers if isinstance(stamp.finding, Stamp) else ()


def _versions(
    inputs: LoadedScore, links: Mapping[str, LoadedLink], nullifiers: Sequence[str]
) -> Versions | None:
    """Return the versions of loaded inputs; None if they don't change with every input."""
    scorer = inputs.scorer
    if scorer.version is None or inputs.stamps.is_revocable:
        return None
    ordered = sorted(links.values(), key=lambda link: link.id)
    return Versions(
        scorer=scorer.version,
        dynamic_weights=scorer.dynamic_weights,
        stamps=inputs.stamps.version,
        links=" ".join(f"{link.id}:{link.version}" for link in ordered),
        link_ids="{" + ",".join(str(link.id) for link in ordered) + "}",
        unlinked=tuple(nullifier for nullifier in nullifiers if nullifier not in links),
    )
