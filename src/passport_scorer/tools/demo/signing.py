"""Signs stamps as issuers do, for the demo and for tests.

Signatures are deterministic (RFC 6979, RFC 8032): the same arguments give the same document.
The stamps have exactly the form in the docs/rules/credentials.md, "Verification steps".
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from passport_scorer.credentials import ed25519_signature_2018, eip712_signature_2021
from passport_scorer.credentials.contexts import CREDENTIALS_V1, STATUS_LIST_2021
from passport_scorer.credentials.envelope import (
    SecuredDocument,
    applicable,
    only_proof,
    read_envelope,
)
from passport_scorer.ethereum.did import did_key
from passport_scorer.ethereum.keccak import keccak
from passport_scorer.ethereum.secp256k1 import address_of

_TEXT = "https://schema.org/Text"
_EIP712_CONTEXT = "https://w3id.org/security/suites/eip712sig-2021/v1"
_JWS_HEADER = b'{"alg":"EdDSA","b64":false,"crit":["b64"]}'


def _fields(**types: str) -> list[dict[str, str]]:
    return [{"name": name.replace("at_", "@"), "type": types[name]} for name in types]


STAMP_TYPES: Mapping[str, list[dict[str, str]]] = {
    "@context": _fields(nullifiers="NullifiersContext", provider="string"),
    "CredentialSubject": _fields(
        at_context="@context", nullifiers="string[]", id="string", provider="string"
    ),
    "Document": _fields(
        at_context="string[]",
        credentialSubject="CredentialSubject",
        expirationDate="string",
        issuanceDate="string",
        issuer="string",
        proof="Proof",
        type="string[]",
    ),
    "EIP712Domain": _fields(name="string"),
    "NullifiersContext": _fields(at_container="string", at_type="string"),
    "Proof": _fields(
        at_context="string",
        created="string",
        proofPurpose="string",
        type="string",
        verificationMethod="string",
    ),
}
"""The EIP-712 types of current stamps."""


def issuer_did(private_key: bytes) -> str:
    """Return the did:ethr (lower case) of a secp256k1 private key (32 bytes)."""
    return f"did:ethr:{address_of_key(private_key)}"


def address_of_key(private_key: bytes) -> str:
    """Return the address (lower case) of a secp256k1 private key (32 bytes)."""
    return f"0x{address_of(PrivateKey(private_key).public_key).hex()}"


def sign_text(private_key: bytes, text: str) -> str:
    """Sign a text as wallets do; return `0x` and 65 bytes. Source: EIP-191, version 45.

    Args:
        private_key: the private key, 32 bytes.
        text: the text.
    """
    message = text.encode()
    prefix = b"\x19Ethereum Signed Message:\n%d" % len(message)
    return eip712_proof_value(private_key, keccak(prefix + message))


def issuer_did_key(seed: bytes) -> str:
    """Return the did:key of an Ed25519 seed (32 bytes)."""
    return did_key(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def sign_eip712(
    private_key: bytes,
    *,
    address: str,
    provider: str,
    nullifiers: Sequence[str],
    issued_at: datetime,
    expires_at: datetime,
) -> dict[str, Any]:
    """Return a stamp as issued today (EthereumEip712Signature2021).

    Args:
        private_key: the issuer's, 32 bytes.
        address: the subject of the stamp, `0x…`, written as given.
        provider: the provider of the stamp.
        nullifiers: in their order.
        issued_at: an aware time; written in seconds, and in milliseconds in the proof.
        expires_at: an aware time; written in seconds.
    """
    issuer = issuer_did(private_key)
    subject = {
        "@context": {
            "provider": _TEXT,
            "nullifiers": {"@type": _TEXT, "@container": "@list"},
        },
        "id": f"did:pkh:eip155:1:{address}",
        "provider": provider,
        "nullifiers": list(nullifiers),
    }
    document = _unsigned([CREDENTIALS_V1, STATUS_LIST_2021], issuer, subject, issued_at, expires_at)
    document["proof"] = _eip712_proof(issuer, issued_at)
    return signed_eip712(private_key, document)


def _eip712_proof(issuer: str, created: datetime) -> dict[str, Any]:
    method = eip712_signature_2021.verification_method(issuer)
    return {
        "@context": _EIP712_CONTEXT,
        **_proof(eip712_signature_2021.TYPE, method, created),
        "eip712Domain": {
            "domain": {"name": "VerifiableCredential"},
            "primaryType": "Document",
            "types": deepcopy(dict(STAMP_TYPES)),
        },
    }


def signed_eip712(private_key: bytes, document: dict[str, Any]) -> dict[str, Any]:
    """Set `proof.proofValue` of a document in place, for any types and members; return it.

    Raises:
        VerificationFailed: no signature could make a verifier accept it.
    """
    secured = _secured(document)
    digest = eip712_signature_2021.signed_bytes(secured)
    secured.proof["proofValue"] = eip712_proof_value(private_key, digest)
    return document


def eip712_proof_value(private_key: bytes, digest: bytes) -> str:
    """Sign a digest (32 bytes); return r, s, and 27 or 28 as text; s is low."""
    signature = PrivateKey(private_key).sign_recoverable(digest, hasher=None)
    return f"0x{signature[:64].hex()}{signature[64] + 27:02x}"


def sign_ed25519(
    seed: bytes,
    *,
    address: str,
    provider: str,
    nullifier_hash: str,
    issued_at: datetime,
    expires_at: datetime,
) -> dict[str, Any]:
    """Return an older stamp (Ed25519Signature2018), with a `hash` instead of nullifiers.

    Args:
        seed: the issuer's seed, 32 bytes.
        nullifier_hash: the subject's `hash`, with its version prefix (`v0.0.0:`).
        address, provider, issued_at, expires_at: as for `sign_eip712`.
    """
    issuer = issuer_did_key(seed)
    subject = {
        "id": f"did:pkh:eip155:1:{address}",
        "provider": provider,
        "hash": nullifier_hash,
        "@context": [{"hash": _TEXT, "provider": _TEXT}],
    }
    document = _unsigned([CREDENTIALS_V1], issuer, subject, issued_at, expires_at)
    document["proof"] = _proof(
        ed25519_signature_2018.TYPE,
        ed25519_signature_2018.verification_method(issuer),
        issued_at,
    )
    return signed_ed25519(seed, document)


def signed_ed25519(seed: bytes, document: dict[str, Any]) -> dict[str, Any]:
    """Set `proof.jws` of a document in place; return it.

    Raises:
        VerificationFailed: no signature could make a verifier accept it.
    """
    secured = _secured(document)
    header = urlsafe_b64encode(_JWS_HEADER).rstrip(b"=")
    payload = header + b"." + ed25519_signature_2018.signed_bytes(secured)
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(payload)
    encoded = urlsafe_b64encode(signature).rstrip(b"=")
    secured.proof["jws"] = f"{header.decode()}..{encoded.decode()}"
    return document


def _unsigned(
    contexts: list[str],
    issuer: str,
    subject: dict[str, Any],
    issued_at: datetime,
    expires_at: datetime,
) -> dict[str, Any]:
    return {
        "@context": contexts,
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "issuanceDate": _written(issued_at, "seconds"),
        "expirationDate": _written(expires_at, "seconds"),
        "credentialSubject": subject,
    }


def _proof(suite: str, verification_method: str, created: datetime) -> dict[str, Any]:
    return {
        "type": suite,
        "created": _written(created, "milliseconds"),
        "proofPurpose": "assertionMethod",
        "verificationMethod": verification_method,
    }


def _written(moment: datetime, precision: str) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def _secured(document: dict[str, Any]) -> SecuredDocument:
    proof = only_proof(document)
    method = proof.get("verificationMethod", "")
    return applicable(read_envelope(document), proof, method, datetime.max.replace(tzinfo=UTC))
