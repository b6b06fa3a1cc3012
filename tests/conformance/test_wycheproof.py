"""Signatures that implementations have judged wrongly before are judged correctly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from coincurve import PublicKey
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc.jwk import OctKey, RSAKey
from joserfc.jws import JWSRegistry

from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.ethereum.did import did_key, ed25519_key
from passport_scorer.ethereum.ecdsa_signatures import canonical_signature
from passport_scorer.ethereum.secp256k1 import address_of, recovered_address

FOLDER = Path(__file__).parent / "wycheproof"
HALF_ORDER = 0x7FFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_5D576E73_57A4501D_DFE92F46_681B20A0
# The x of their points exceeds the order, for which Ethereum has no recovery id.
NOT_RECOVERABLE = {115, 247}


def vectors(name: str) -> Iterator[tuple[str, int, list[bytes], str]]:
    """Key, number, comment of the test, result."""
    for group in json.loads((FOLDER / f"{name}.json").read_text("utf-8")):
        for number, *texts, result in group["tests"]:
            yield group.get("key", ""), number, [bytes.fromhex(text) for text in texts], result


def signers(digest: bytes, signatures: list[str | None]) -> set[bytes]:
    """Return the keys of these signatures; signatures without a key are omitted."""
    found = set()
    for signature in signatures:
        try:
            found.add(recovered_address(digest, signature))
        except VerificationFailed:
            continue
    return found


def test_secp256k1() -> None:
    """A valid signature recovers its key (in credentials only with a low s), an invalid one not."""
    judged = 0
    for key, number, (message, signature), result in vectors("ecdsa_secp256k1_sha256_p1363"):
        address = address_of(PublicKey(bytes.fromhex(key)))
        digest = sha256(message).digest()
        spellings = [signature + bytes([v]) for v in (27, 28)]
        strict = signers(digest, ["0x" + spelling.hex() for spelling in spellings])
        lenient = signers(digest, [canonical_signature(spelling) for spelling in spellings])
        is_right = result == "valid" and number not in NOT_RECOVERABLE
        is_low = int.from_bytes(signature[32:]) <= HALF_ORDER
        assert (address in lenient) is is_right, number
        assert (address in strict) is (is_right and is_low), number
        judged += 1
    assert judged == 252


def test_ed25519() -> None:
    """Signatures with keys that were converted to a DID and back are judged correctly."""
    judged = 0
    for key, number, (message, signature), result in vectors("ed25519"):
        public_key = Ed25519PublicKey.from_public_bytes(ed25519_key(did_key(bytes.fromhex(key))))
        try:
            public_key.verify(signature, message)
        except InvalidSignature:
            assert result == "invalid", number
        else:
            assert result == "valid", number
        judged += 1
    assert judged == 151


def test_rs256() -> None:
    """No malformed RS256 signature is accepted for a token."""
    rs256 = JWSRegistry.algorithms["RS256"]
    judged = 0
    for key, number, (message, signature), result in vectors("rsa_signature_2048_sha256"):
        is_right = rs256.verify(message, signature, RSAKey.import_key(key))
        assert is_right is (result == "valid"), number
        judged += 1
    assert judged == 259


def test_hs256() -> None:
    """No malformed HS256 tag is accepted for a token."""
    hs256 = JWSRegistry.algorithms["HS256"]
    judged = 0
    for _key, number, (secret, message, tag), result in vectors("hmac_sha256"):
        is_right = hs256.verify(message, tag, OctKey.import_key(secret))
        assert is_right is (result == "valid"), number
        judged += 1
    assert judged == 87
