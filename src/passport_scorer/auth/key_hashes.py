"""Hash formats of API keys: SHA-256 and PBKDF2.

Formats: `sha256$<64 hex>` of the whole key, and Django's
`pbkdf2_sha256$<iterations>$<salt>$<base64 hash>`. Source: docs/rules/authentication.md, "Key
hashes".
"""

import base64
import binascii
import hashlib
import hmac
import re

_MAX_ITERATIONS = 5_000_000
_NUMBER = re.compile(r"[0-9]{1,9}")
_SHA256_HASH = re.compile(r"sha256\$[0-9a-f]{64}")


def sha256_hash(key: str) -> str:
    """Return `sha256$<64 hex>` of a whole key, as `hashed_key_sha256` holds it."""
    return "sha256$" + hashlib.sha256(key.encode()).hexdigest()


def matches_sha256_hash(key: str, stored: str) -> bool:
    """Compare in constant time; False for any other format."""
    return hmac.compare_digest(sha256_hash(key).encode(), stored.encode())


def is_sha256_hash(stored: str) -> bool:
    """Return True if `stored` has the format of a SHA-256 hash."""
    return _SHA256_HASH.fullmatch(stored) is not None


def is_pbkdf2_hash(stored: str) -> bool:
    """Return True if `stored` has the format of a PBKDF2 hash."""
    return _parse(stored) is not None


def matches_pbkdf2_hash(key: str, stored: str) -> bool:
    """Derive and compare in constant time: about 100 ms of CPU. False for any other format."""
    parsed = _parse(stored)
    if parsed is None:
        return False
    iterations, salt, expected = parsed
    derived = hashlib.pbkdf2_hmac("sha256", key.encode(), salt.encode(), iterations)
    return hmac.compare_digest(derived, expected)


def _parse(stored: str) -> tuple[int, str, bytes] | None:
    parts = stored.split("$")
    if len(parts) != 4 or parts[0] != "pbkdf2_sha256" or not _NUMBER.fullmatch(parts[1]):
        return None
    try:
        expected = base64.b64decode(parts[3].encode("ascii", "replace"), validate=True)
    except binascii.Error:
        return None
    iterations = int(parts[1])
    return (iterations, parts[2], expected) if 0 < iterations <= _MAX_ITERATIONS else None
