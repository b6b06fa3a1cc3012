"""The claims of a stamp that the service reads."""

from datetime import datetime

import msgspec


class Credential(msgspec.Struct, frozen=True, gc=False):
    """The claims of one credential whose signature covers every one of them.

    Attributes:
        issuer: DID of the issuer, as written.
        subject_id: DID of the subject, as written; `did:pkh:eip155:1:0x…`.
        provider: the provider that it attests ("Google"); None if it is missing.
        nullifiers: `credentialSubject.nullifiers` in their order, or the one `hash` of an
            older credential; can be empty.
        has_nullifiers: True if `nullifiers` was a member of the subject, False for a `hash`.
        expiration_date: `expirationDate` exactly as written.
        expires_at: the same, as an aware time.

    Source: docs/rules/credentials.md, "The form of a stamp".
    """

    issuer: str
    subject_id: str
    provider: str | None
    nullifiers: tuple[str, ...]
    has_nullifiers: bool
    expiration_date: str
    expires_at: datetime
