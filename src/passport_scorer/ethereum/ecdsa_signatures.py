"""Signatures of a sign-in, in any encoding that wallets produce.

Unlike in credentials, one signature can have several encodings: the nonce makes it single-use, and
nothing is looked up by its text. The compact form without v (EIP-2098) is not supported, because it
looks like a truncated signature.

Source: SEC 1, section 4.1.6; EIP-2 (low s); EIP-155 (v of a chain).
"""

from __future__ import annotations

import re

_HEXADECIMAL = re.compile(r"(?:0[xX])?((?:[0-9a-fA-F]{2})*)")
_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


def signature_bytes(text: str) -> bytes | None:
    """Return the bytes of a hexadecimal text, with or without `0x`; None for any other text."""
    match = _HEXADECIMAL.fullmatch(text)
    return bytes.fromhex(match[1]) if match else None


def canonical_signature(signature: bytes) -> str | None:
    """Return the canonical text of a key's signature, which `recovered_address` reads.

    Args:
        signature: r and s (32 bytes each) and v: 0 or 1, 27 or 28, or 35 and more, whose parity
            is significant (EIP-155).

    Returns:
        `0x`, r, the low s, and 1b or 1c; None if this is not a signature of a key.
    """
    if len(signature) != 65:
        return None
    r, s, v = signature[:32], int.from_bytes(signature[32:64]), signature[64]
    if not 0 < s < _ORDER or not (v in {0, 1, 27, 28} or v >= 35):
        return None
    parity = v if v <= 1 else (v + 1) % 2
    if s > _ORDER // 2:
        s, parity = _ORDER - s, 1 - parity
    return f"0x{r.hex()}{s:064x}{27 + parity:02x}"
