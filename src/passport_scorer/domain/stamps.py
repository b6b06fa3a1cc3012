"""Validation: which stamps of an address count, before deduplication.

Checks, in this order (docs/rules/scoring.md, "Validation"):

1. The signature verified.
2. The issuer is trusted.
3. The credential has not expired.
4. It names the same provider as its row in the stamp store: otherwise a stamp of little weight
   could be stored as one of great weight.
5. It is about this address.
6. It has at least one nullifier, and each nullifier used for deduplication can be recorded.

Only the third depends on the time: it is checked whenever the address is scored (`valid_stamps`).
All others are checked once (`examine`), as long as the stamp does not change.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from passport_scorer.domain.credential import Credential
from passport_scorer.domain.timestamps import iso

LONGEST_NULLIFIER = 100  # characters; the column registry_hashscorerlink.hash
_SUBJECT_PREFIX = "did:pkh:eip155:1:"


class Rejection(StrEnum):
    """The reason to reject a stamp; logged and counted, never shown to the caller."""

    SIGNATURE = "signature"
    ISSUER = "untrusted_issuer"
    EXPIRED = "expired"
    PROVIDER = "provider_mismatch"
    SUBJECT = "subject_mismatch"
    NULLIFIERS = "no_nullifier"


class StampPolicy(msgspec.Struct, frozen=True):
    """The operator's decisions about stamps.

    Attributes:
        trusted_issuers: the DIDs whose credentials count.
        multi_nullifier: False if stamps are deduplicated only by nullifiers that start with
            `v0`. A stamp without one counts all the same: it clashes with no other stamp.
    """

    trusted_issuers: frozenset[str]
    multi_nullifier: bool = True


class StoredStamp(msgspec.Struct, frozen=True, gc=False):
    """A live, unrevoked row of the stamp store.

    Attributes:
        row_id: `ceramic_cache_ceramiccache.id`.
        row_version: changes whenever the row does.
        provider: the provider that the row is stored under.
        credential: what the credential says, or None if its signature didn't verify.
        registered_id: the `registry_stamp.id` of the passport with exactly this credential, or
            None.
    """

    row_id: int
    row_version: str
    provider: str
    credential: Credential | None
    registered_id: int | None


class LiveStamp(msgspec.Struct, frozen=True):
    """A live, unrevoked row of the stamp store, as it is listed.

    Attributes:
        id: `ceramic_cache_ceramiccache.id`.
        address: in lower case.
        provider: the provider that the row is stored under.
        document: JSON text of the credential.
    """

    id: int
    address: str
    provider: str
    document: str


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """A stamp that counts unless one of its nullifiers is claimed.

    Attributes:
        source: the row that it comes from.
        provider: the provider that it attests.
        nullifiers: the nullifiers for deduplication, each once, in their own order; see
            `StampPolicy`.
        expires_at: when it stops counting.
        expiration_date: the same, as the credential writes it.
        expiration_shown: the same, as responses show it.
        last_nullifier: the last of `credentialSubject.nullifiers` that is not empty; None if
            there are none, as in an older credential with a `hash` instead.
    """

    source: StoredStamp
    provider: str
    nullifiers: tuple[str, ...]
    expires_at: datetime
    expiration_date: str
    expiration_shown: str
    last_nullifier: str | None


class RejectedStamp(msgspec.Struct, frozen=True, gc=False):
    """A stamp that does not count, and the reason."""

    provider: str
    reason: Rejection


class ExaminedStamp(msgspec.Struct, frozen=True, gc=False):
    """The result of every check but the one for expiry.

    Attributes:
        provider: the provider that the row is stored under.
        finding: the stamp, if it counts until it expires; or why it does not count.
        expires_at: when it expires; None if a check before the one for expiry failed.
    """

    provider: str
    finding: Stamp | Rejection
    expires_at: datetime | None


def valid_stamps(
    examined: Iterable[ExaminedStamp], now: datetime
) -> tuple[list[Stamp], list[RejectedStamp]]:
    """Return the stamps of an address that count at `now` (aware), and those that do not."""
    counting: list[Stamp] = []
    rejected: list[RejectedStamp] = []
    for stamp in examined:
        if stamp.expires_at is not None and stamp.expires_at <= now:
            rejected.append(RejectedStamp(stamp.provider, Rejection.EXPIRED))
        elif isinstance(stamp.finding, Stamp):
            counting.append(stamp.finding)
        else:
            rejected.append(RejectedStamp(stamp.provider, stamp.finding))
    return counting, rejected


def examine(stored: StoredStamp, address: str, policy: StampPolicy) -> ExaminedStamp:
    """Run the checks of this module, except expiry, on a stamp of an address (lower case)."""
    credential = stored.credential
    if credential is None:
        return ExaminedStamp(stored.provider, Rejection.SIGNATURE, None)
    if credential.issuer not in policy.trusted_issuers:
        return ExaminedStamp(stored.provider, Rejection.ISSUER, None)
    finding = _examine_claims(stored, credential, address, policy)
    return ExaminedStamp(stored.provider, finding, credential.expires_at)


def _examine_claims(
    stored: StoredStamp, credential: Credential, address: str, policy: StampPolicy
) -> Stamp | Rejection:
    if not credential.provider or credential.provider != stored.provider:
        return Rejection.PROVIDER
    if credential.subject_id.lower() != _SUBJECT_PREFIX + address:
        return Rejection.SUBJECT
    nullifiers = linked_nullifiers(credential.nullifiers, multi_nullifier=policy.multi_nullifier)
    # A stamp that can't be deduplicated must not count.
    if not credential.nullifiers or not all(map(_can_be_recorded, nullifiers)):
        return Rejection.NULLIFIERS
    return Stamp(
        source=stored,
        provider=stored.provider,
        nullifiers=nullifiers,
        expires_at=credential.expires_at,
        expiration_date=credential.expiration_date,
        expiration_shown=iso(credential.expires_at),
        last_nullifier=_last_nullifier(credential),
    )


def linked_nullifiers(nullifiers: Sequence[str], *, multi_nullifier: bool) -> tuple[str, ...]:
    """Return the nullifiers for the deduplication of a stamp, each once, in their order.

    The result can be empty even if the stamp has nullifiers: then it never clashes and is never
    linked.

    Source: docs/rules/deduplication.md, "Nullifiers".
    """
    return tuple(dict.fromkeys(n for n in nullifiers if multi_nullifier or n.startswith("v0")))


def _last_nullifier(credential: Credential) -> str | None:
    if not credential.has_nullifiers:
        return None
    return next((n for n in reversed(credential.nullifiers) if n), None)


def _can_be_recorded(nullifier: str) -> bool:
    return len(nullifier) <= LONGEST_NULLIFIER and "\0" not in nullifier
