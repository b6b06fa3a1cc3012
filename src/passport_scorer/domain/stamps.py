"""Which of an address's stamps count before deduplication.

Checks, in this order (specification, scoring.md, 3):

1. The signature verified.
2. The issuer is trusted.
3. The credential has not expired.
4. It names a provider, the same as its row in the stamp store: otherwise a cheap stamp could
   be stored under the name of a dear one.
5. It is about this address.
6. It has at least one nullifier, and each that it is deduplicated by can be recorded.

Only the third depends on the time. So all the others can be done once (`examine`), as long as
the stamp stays as it is, and that one whenever the address is scored (`valid_stamps`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from passport_scorer.domain.credential import Credential
from passport_scorer.domain.timestamps import iso

LONGEST_NULLIFIER = 100  # characters; what registry_hashscorerlink.hash can hold
_SUBJECT_PREFIX = "did:pkh:eip155:1:"


class Refusal(StrEnum):
    """Why a stamp is left out; logged and counted, never shown to the caller."""

    SIGNATURE = "signature"
    ISSUER = "untrusted_issuer"
    EXPIRED = "expired"
    PROVIDER = "provider_mismatch"
    SUBJECT = "subject_mismatch"
    NULLIFIERS = "no_nullifier"


class StampPolicy(msgspec.Struct, frozen=True):
    """What an operator decides about stamps.

    Attributes:
        trusted_issuers: the DIDs whose credentials count.
        multi_nullifier: False if stamps are deduplicated only by nullifiers that start with
            `v0`. A stamp without one counts all the same: nobody can clash with it.
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
        copy_id: the `registry_stamp.id` that already holds exactly this credential for the
            passport, or None.
    """

    row_id: int
    row_version: str
    provider: str
    credential: Credential | None
    copy_id: int | None


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """A stamp that counts unless its nullifiers turn out to be claimed.

    Attributes:
        source: the row that it comes from.
        provider: what it attests.
        nullifiers: what it is deduplicated by, each once, in their own order; see `StampPolicy`.
        expires_at: when it stops counting.
        expiration_date: the same, as the credential writes it.
        expiration_shown: the same, as answers show it.
        last_nullifier: the last of `credentialSubject.nullifiers` that is not empty; None if
            there is none, as in an older credential with a `hash` instead.
    """

    source: StoredStamp
    provider: str
    nullifiers: tuple[str, ...]
    expires_at: datetime
    expiration_date: str
    expiration_shown: str
    last_nullifier: str | None


class RefusedStamp(msgspec.Struct, frozen=True, gc=False):
    """A stamp that is left out, and the reason."""

    provider: str
    refusal: Refusal


class ExaminedStamp(msgspec.Struct, frozen=True, gc=False):
    """What every check but the one of the time has found.

    Attributes:
        provider: the provider that the row is stored under.
        finding: the stamp, if it counts as long as it hasn't expired; or why it doesn't.
        expires_at: when it expires; None if it is refused for what is checked before.
    """

    provider: str
    finding: Stamp | Refusal
    expires_at: datetime | None


def valid_stamps(
    examined: Iterable[ExaminedStamp], now: datetime
) -> tuple[list[Stamp], list[RefusedStamp]]:
    """Sort out the stamps of an address that count at `now` (aware).

    Returns:
        The stamps that count, and those that don't with the reason.
    """
    counting: list[Stamp] = []
    refused: list[RefusedStamp] = []
    for stamp in examined:
        if stamp.expires_at is not None and stamp.expires_at <= now:
            refused.append(RefusedStamp(stamp.provider, Refusal.EXPIRED))
        elif isinstance(stamp.finding, Stamp):
            counting.append(stamp.finding)
        else:
            refused.append(RefusedStamp(stamp.provider, stamp.finding))
    return counting, refused


def examine(stored: StoredStamp, address: str, policy: StampPolicy) -> ExaminedStamp:
    """Check a stamp of an address (lower case): the checks of this module, in their order."""
    credential = stored.credential
    if credential is None:
        return ExaminedStamp(stored.provider, Refusal.SIGNATURE, None)
    if credential.issuer not in policy.trusted_issuers:
        return ExaminedStamp(stored.provider, Refusal.ISSUER, None)
    finding = _examine_claims(stored, credential, address, policy)
    return ExaminedStamp(stored.provider, finding, credential.expires_at)


def _examine_claims(
    stored: StoredStamp, credential: Credential, address: str, policy: StampPolicy
) -> Stamp | Refusal:
    if not credential.provider or credential.provider != stored.provider:
        return Refusal.PROVIDER
    if credential.subject_id.lower() != _SUBJECT_PREFIX + address:
        return Refusal.SUBJECT
    nullifiers = linked_nullifiers(credential.nullifiers, multi_nullifier=policy.multi_nullifier)
    # A stamp that can't be deduplicated must not count.
    if not credential.nullifiers or not all(map(_can_be_recorded, nullifiers)):
        return Refusal.NULLIFIERS
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
    """Return the nullifiers that a stamp is deduplicated by, each once, in their order.

    There may be none, though the stamp has some: then it never clashes, and is never linked.

    Source: specification, scoring.md, 4.
    """
    return tuple(dict.fromkeys(n for n in nullifiers if multi_nullifier or n.startswith("v0")))


def _last_nullifier(credential: Credential) -> str | None:
    if not credential.has_nullifiers:
        return None
    return next((n for n in reversed(credential.nullifiers) if n), None)


def _can_be_recorded(nullifier: str) -> bool:
    return len(nullifier) <= LONGEST_NULLIFIER and "\0" not in nullifier
