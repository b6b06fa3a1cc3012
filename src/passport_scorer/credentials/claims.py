"""The claims of a credential: exactly those that the service uses.

Source: docs/rules/credentials.md, "The form of a stamp" and docs/rules/deduplication.md,
"Nullifiers".
"""

from typing import Any

from passport_scorer.credentials.envelope import Envelope
from passport_scorer.credentials.errors import ClaimMalformed
from passport_scorer.domain.credential import Credential

MAXIMUM_NULLIFIERS = 64


def read_claims(envelope: Envelope) -> Credential:
    """Return the claims of a credential; whether the signature covers them is checked elsewhere.

    Raises:
        ClaimMalformed: the subject is not an object, a claim has an unexpected type, or the
            subject has no `id`.
    """
    subject = envelope.document.get("credentialSubject")
    if not isinstance(subject, dict):
        raise ClaimMalformed("`credentialSubject` is missing or isn't an object.")
    subject_id = _text(subject, "id")
    if subject_id is None:
        raise ClaimMalformed("`credentialSubject.id` is missing.")
    nullifiers, has_nullifiers = _nullifiers(subject)
    return Credential(
        issuer=envelope.issuer,
        subject_id=subject_id,
        provider=_text(subject, "provider"),
        nullifiers=nullifiers,
        has_nullifiers=has_nullifiers,
        expiration_date=envelope.expiration_date.written,
        expires_at=envelope.expiration_date.instant,
    )


def _text(subject: dict[str, Any], member: str) -> str | None:
    if member not in subject:
        return None
    value = subject[member]
    if not isinstance(value, str):
        raise ClaimMalformed(f"`credentialSubject.{member}` isn't a string.")
    return value


def _nullifiers(subject: dict[str, Any]) -> tuple[tuple[str, ...], bool]:
    """Return `nullifiers`, or else the `hash` of an older stamp; and True for the former."""
    listed = subject.get("nullifiers", [])
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise ClaimMalformed("`credentialSubject.nullifiers` isn't a list of strings.")
    if len(listed) > MAXIMUM_NULLIFIERS:
        raise ClaimMalformed(f"There are more than {MAXIMUM_NULLIFIERS} nullifiers.")
    older = _text(subject, "hash")
    if listed or older is None:
        return tuple(listed), "nullifiers" in subject
    return (older,), False
