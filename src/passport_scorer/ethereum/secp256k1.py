"""Recovers the signer of a digest from a canonical secp256k1 signature.

Source: SEC 1, section 4.1.6 (public key recovery); EIP-2 (low s).
"""

import re

from coincurve import PublicKey

from passport_scorer.ethereum.errors import SignatureMalformed, SignatureMismatch
from passport_scorer.ethereum.keccak import keccak

_SIGNATURE = re.compile(r"0x[0-9a-fA-F]{130}")
_HALF_ORDER = 0x7FFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_5D576E73_57A4501D_DFE92F46_681B20A0
_RECOVERY_IDS = {0: b"\x00", 1: b"\x01", 27: b"\x00", 28: b"\x01"}


def address_of(public_key: PublicKey) -> bytes:
    """Return the Ethereum address (20 bytes) of a public key."""
    return keccak(public_key.format(compressed=False)[1:])[12:]


def recoverable_signature(signature: object) -> bytes:
    """Return r, s and the recovery id (0 or 1): 65 bytes.

    `signature` is the text `0x` and 65 bytes in hexadecimal: r, s, and 0, 1, 27 or 28. A high s
    is rejected: it would be a second text of the same signature, and escape its revocation.

    Raises:
        SignatureMalformed: the text has another form, or s is high.
    """
    if not isinstance(signature, str) or _SIGNATURE.fullmatch(signature) is None:
        raise SignatureMalformed("`proofValue` isn't 0x and 65 bytes in hexadecimal.")
    numbers = bytes.fromhex(signature[2:])
    recovery_id = _RECOVERY_IDS.get(numbers[64])
    if recovery_id is None:
        raise SignatureMalformed("The recovery id is not 0, 1, 27 or 28.")
    if int.from_bytes(numbers[32:64], "big") > _HALF_ORDER:
        raise SignatureMalformed("The signature's s is in the upper half of the order.")
    return numbers[:64] + recovery_id


def recovered_address(digest: bytes, signature: object) -> bytes:
    """Return the address (20 bytes) whose key signed the digest (32 bytes).

    `signature` is as for `recoverable_signature`.

    Raises:
        SignatureMalformed: see `recoverable_signature`.
        SignatureMismatch: no key can be recovered.
    """
    numbers = recoverable_signature(signature)
    try:
        key = PublicKey.from_signature_and_message(numbers, digest, hasher=None)
    except ValueError as error:
        raise SignatureMismatch("The signature belongs to no key.") from error
    return address_of(key)
