"""Remembering verdicts: a signature that was good stays good.

A verdict is found again under the SHA-256 of exactly the bytes that were verified, so it can't
be reached by any other credential, and a changed row is another credential. Only the claims are
kept, never the document. Expiry, issuer, subject and revocation are no part of the verdict.

Source: specification, credentials.md ("Verified once, checked always").
"""

from collections import OrderedDict
from datetime import datetime
from hashlib import sha256
from itertools import chain

import msgspec

from passport_scorer.credentials.parsing import document_bytes
from passport_scorer.credentials.verifier import verify
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.telemetry.metrics import (
    CREDENTIAL_CACHE_HITS,
    CREDENTIAL_CACHE_MISSES,
    NO_METRICS,
    SIGNATURES_VERIFIED,
    Metrics,
)

MEAN_SIZE = 1_024  # characters a verdict may take on average, at full capacity


class _Verdict(msgspec.Struct, frozen=True):
    """What is remembered: the claims, or how they were refused (not the raised error: that
    would keep its traceback, and with it the document)."""

    outcome: Credential | tuple[type[VerificationFailed], str]
    size: int

    def credential(self) -> Credential:
        if isinstance(self.outcome, Credential):
            return self.outcome
        refusal, message = self.outcome
        raise refusal(message)


class VerdictCache:
    """Verifies credentials, and remembers the verdicts used last.

    For one thread (or event loop): it doesn't lock.

    Args:
        capacity: how many verdicts are remembered at most (0: none). Their texts together take
            at most `capacity * MEAN_SIZE` characters.

    Attributes:
        hits: how often a verdict was remembered.
        misses: how often a credential had to be verified.
    """

    def __init__(self, capacity: int, metrics: Metrics = NO_METRICS) -> None:
        self._metrics = metrics
        self.hits = 0
        self.misses = 0
        self._capacity = capacity
        self._size = 0
        self._verdicts: OrderedDict[bytes, _Verdict] = OrderedDict()

    def __len__(self) -> int:
        """How many verdicts are remembered now."""
        return len(self._verdicts)

    def verify(self, raw: bytes | str, now: datetime) -> Credential:
        """As `verifier.verify`, without the work where the same bytes were verified before.

        Raises:
            VerificationFailed: it doesn't verify; also if that is remembered. A refusal that time
                may change is never remembered.
        """
        document = document_bytes(raw)
        key = sha256(document).digest()
        if (verdict := self._verdicts.get(key)) is not None:
            self.hits += 1
            self._metrics.add(CREDENTIAL_CACHE_HITS)
            self._verdicts.move_to_end(key)
        else:
            self.misses += 1
            self._metrics.add(CREDENTIAL_CACHE_MISSES)
            verdict = self._verdict(document, now)
            self._remember(key, verdict)
        return verdict.credential()

    def _remember(self, key: bytes, verdict: _Verdict) -> None:
        self._verdicts[key] = verdict
        self._size += verdict.size
        while len(self) > self._capacity or self._size > self._capacity * MEAN_SIZE:
            _, forgotten = self._verdicts.popitem(last=False)
            self._size -= forgotten.size

    def _verdict(self, document: bytes, now: datetime) -> _Verdict:
        """The verdict, if it may be remembered; a transient refusal is raised."""
        try:
            claims = verify(document, now, good=self._count)
        except VerificationFailed as refusal:
            if refusal.transient:
                raise
            return _Verdict((type(refusal), refusal.message), len(refusal.message))
        texts = (claims.issuer, claims.subject_id, claims.provider or "", claims.expiration_date)
        return _Verdict(claims, sum(map(len, chain(texts, claims.nullifiers))))

    def _count(self, suite: str) -> None:
        self._metrics.add(SIGNATURES_VERIFIED, 1, suite)
