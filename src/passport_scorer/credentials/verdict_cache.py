"""Cached verdicts: a signature that was valid stays valid.

The key of a verdict is the SHA-256 of exactly the bytes that were verified, so no other credential
can reach it, and a changed row is another credential. Only the claims are kept, never the document.
Expiry, issuer, subject and revocation are not part of the verdict.

Source: docs/rules/credentials.md, "Verified once".
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from itertools import chain

import msgspec
from cachetools import LRUCache

from passport_scorer.credentials.parsing import document_bytes
from passport_scorer.credentials.verifier import verify, verify_registered
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.telemetry.metrics import (
    CREDENTIAL_CACHE_HITS,
    CREDENTIAL_CACHE_MISSES,
    NO_METRICS,
    SIGNATURES_VERIFIED,
    SIGNATURES_VOUCHED,
    Metrics,
)

_OVERHEAD = 1_024  # bytes of a verdict besides its texts, rounded up


class _Verdict(msgspec.Struct, frozen=True):
    """The claims, or how they were rejected (not the raised error, whose traceback would keep the
    document in memory).

    Attributes:
        outcome: the claims, or the class of the error and its message.
        size: its size in memory, in bytes, approximately.
    """

    outcome: Credential | tuple[type[VerificationFailed], str]
    size: int

    def credential(self) -> Credential:
        if isinstance(self.outcome, Credential):
            return self.outcome
        rejection, message = self.outcome
        raise rejection(message)


class VerdictCache:
    """Verifies credentials, and caches the verdicts; the least recently used is evicted first.

    For one thread (or event loop): it doesn't lock.

    Args:
        max_bytes: the bound of all verdicts together (0: none is cached).
        metrics: where hits, misses and good signatures are counted.
        trusts_copies: False to verify every credential, whether or not it is registered.

    Attributes:
        hits: number of verdicts that were cached.
        misses: number of credentials that had to be verified.
    """

    def __init__(
        self, max_bytes: int, metrics: Metrics = NO_METRICS, *, trusts_copies: bool = True
    ) -> None:
        self._metrics = metrics
        self._trusts_copies = trusts_copies
        self.hits = 0
        self.misses = 0
        self._verdicts: LRUCache[bytes, _Verdict] = LRUCache(
            max_bytes, getsizeof=lambda verdict: verdict.size
        )

    def __len__(self) -> int:
        """Return the number of cached verdicts."""
        return len(self._verdicts)

    def verify(self, raw: bytes | str, now: datetime, *, is_registered: bool = False) -> Credential:
        """Do the same as `verifier.verify`, from the cache if the same bytes were verified before.

        Args:
            raw: the credential's JSON text.
            now: aware; only a proof that was created after it is rejected.
            is_registered: a scorer verified the signature of exactly this text, and registered it.

        Raises:
            VerificationFailed: it doesn't verify, also if that verdict is cached. A rejection that
                time can change is never cached.
        """
        if is_registered and self._trusts_copies and (claims := verify_registered(raw, now)):
            self._metrics.add(SIGNATURES_VOUCHED)
            return claims
        document = document_bytes(raw)
        key = sha256(document).digest()
        if (verdict := self._verdicts.get(key)) is not None:
            self.hits += 1
            self._metrics.add(CREDENTIAL_CACHE_HITS)
        else:
            self.misses += 1
            self._metrics.add(CREDENTIAL_CACHE_MISSES)
            verdict = self._verdict(document, now)
            if verdict.size <= self._verdicts.maxsize:
                self._verdicts[key] = verdict
        return verdict.credential()

    def verify_ahead(self, raw: bytes | str, now: datetime) -> None:
        """Verify a credential so that its verdict is cached; do nothing without capacity."""
        if self._verdicts.maxsize:
            with suppress(VerificationFailed):  # raised again by `verify`
                self.verify(raw, now)

    def _verdict(self, document: bytes, now: datetime) -> _Verdict:
        """Return the verdict, if it can be cached.

        Raises:
            VerificationFailed: a rejection that time can change.
        """
        try:
            claims = verify(document, now, good=self._count)
        except VerificationFailed as rejection:
            if rejection.transient:
                raise
            return _Verdict((type(rejection), rejection.message), _size([rejection.message]))
        texts = (claims.issuer, claims.subject_id, claims.provider or "", claims.expiration_date)
        return _Verdict(claims, _size(chain(texts, claims.nullifiers)))

    def _count(self, suite: str) -> None:
        self._metrics.add(SIGNATURES_VERIFIED, 1, suite)


def _size(texts: Iterable[str]) -> int:
    return _OVERHEAD + sum(map(len, texts))
