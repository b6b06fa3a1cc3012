"""The suite Ed25519Signature2018: older stamps.

Source: Linked Data Proofs, Ed25519 Signature 2018; RFC 7515, RFC 7797 (detached, unencoded
payload); RFC 8032; docs/rules/credentials.md, "Ed25519 suite".
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

import msgspec

from passport_scorer.credentials.contexts import SECURITY_V2
from passport_scorer.credentials.envelope import SecuredDocument
from passport_scorer.credentials.linked_data import canonical_form
from passport_scorer.credentials.stamp_profile import check_profile
from passport_scorer.ethereum.did import ed25519_key, key_fragment
from passport_scorer.ethereum.errors import SignatureMalformed, SignatureMismatch

TYPE = "Ed25519Signature2018"

_HEADER = {"alg": "EdDSA", "b64": False, "crit": ["b64"]}
_decode_header = msgspec.json.Decoder(dict[str, str | bool | list[str]]).decode
_PROOF_STATEMENTS = 4  # type, created, proofPurpose, verificationMethod


def verification_method(issuer: str) -> str:
    """Return the only verification method of a did:key, whose name is the key itself.

    Raises:
        IssuerUnresolvable: the issuer isn't a did:key.
    """
    return f"{issuer}#{key_fragment(issuer)}"


def signed_bytes(secured: SecuredDocument) -> bytes:
    """Return the hashes (64 bytes: options, document) that the issuer signed; all claims in them.

    Raises:
        ProfileViolated, ClaimNotCovered: see `check_profile` and `canonical_form`.
    """
    check_profile(secured)
    options = canonical_form(_proof_options(secured), _PROOF_STATEMENTS)
    document = canonical_form(_dated(secured), _statements(secured.envelope.document))
    return sha256(options).digest() + sha256(document).digest()


def check_signature(secured: SecuredDocument, signed: bytes) -> None:
    """Return only if the issuer signed the bytes.

    Raises:
        IssuerUnresolvable: the issuer's key is not an Ed25519 key.
        SignatureMalformed: `jws` isn't a detached signature with the header of this suite.
        SignatureMismatch: a different key signed it, or a different document.
    """
    # Slow to import, like the canonical form of this suite: most stamps are of the other one.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(ed25519_key(secured.envelope.issuer))
    header, signature = _detached(secured.proof.get("jws"))
    try:
        key.verify(signature, header + b"." + signed)
    except InvalidSignature as error:
        raise SignatureMismatch("The signature isn't the issuer's over this document.") from error


def _proof_options(secured: SecuredDocument) -> dict[str, Any]:
    options = {name: value for name, value in secured.proof.items() if name != "jws"}
    return {"@context": SECURITY_V2, **options, "created": secured.created.hashed_in_utc}


def _dated(secured: SecuredDocument) -> dict[str, Any]:
    envelope = secured.envelope
    return {
        **envelope.document,
        "issuanceDate": envelope.issuance_date.hashed,
        "expirationDate": envelope.expiration_date.hashed,
    }


def _statements(document: dict[str, Any]) -> int:
    """Count the statements of the document: one for each member, two for each list element."""
    subject = document["credentialSubject"]
    claims = sum(claim in subject for claim in ("provider", "hash", "nullifiers"))
    return len(document.keys() - {"@context"}) + claims + 2 * len(subject.get("nullifiers", ()))


def _detached(jws: object) -> tuple[bytes, bytes]:
    """Return the header as it was signed (still in base64), and the signature."""
    header, between, signature = jws.partition("..") if isinstance(jws, str) else ("", "", "")
    if not between:
        raise SignatureMalformed("`jws` isn't a detached signature.")
    try:
        protected = _decode_header(_decoded(header))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SignatureMalformed("The header of `jws` isn't a JSON object of that kind.") from error
    if protected != _HEADER:
        raise SignatureMalformed("The header of `jws` isn't that of this suite.")
    return header.encode(), _decoded(signature)


def _decoded(text: str) -> bytes:
    """Decode base64url without padding; only the canonical spelling is accepted."""
    try:
        decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise SignatureMalformed("A part of `jws` isn't base64url.") from error
    if urlsafe_b64encode(decoded).rstrip(b"=") != text.encode():
        raise SignatureMalformed("A part of `jws` isn't base64url in its one spelling.")
    return decoded
