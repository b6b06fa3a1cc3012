"""Signatures of a sign-in become the one spelling that is checked."""

from __future__ import annotations

import pytest
from coincurve import PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.ethereum.ecdsa_signatures import canonical_signature, signature_bytes
from passport_scorer.ethereum.secp256k1 import address_of, recovered_address

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
KEY = PrivateKey(bytes(31) + b"\x07")


@given(st.binary(min_size=32, max_size=32), st.booleans(), st.sampled_from([0, 27, 35, 37, 235]))
def test_all_forms_are_one_signature(digest: bytes, high: bool, base: int) -> None:
    """Either s, and v from 0, from 27 or of a chain, lead to the key that signed."""
    signed = KEY.sign_recoverable(digest, hasher=None)
    s, parity = int.from_bytes(signed[32:64]), signed[64]
    if high:
        s, parity = ORDER - s, 1 - parity
    canonical = canonical_signature(signed[:32] + s.to_bytes(32) + bytes([base + parity]))
    assert canonical == "0x" + signed[:64].hex() + f"{27 + signed[64]:02x}"
    assert recovered_address(digest, canonical) == address_of(KEY.public_key)


@given(st.binary(max_size=70))
def test_anything_else_is_rejected(octets: bytes) -> None:
    """No bytes raise; only 65 of them, with a known v and an s of the curve, are a signature."""
    canonical = canonical_signature(octets)
    is_signature = (
        len(octets) == 65
        and 0 < int.from_bytes(octets[32:64]) < ORDER
        and (octets[64] in {0, 1, 27, 28} or octets[64] >= 35)
    )
    assert (canonical is not None) is is_signature


@pytest.mark.parametrize("s", [0, ORDER, ORDER + 1, 2**256 - 1])
def test_numbers_outside_the_curve(s: int) -> None:
    """An s of 0, or beyond the order of the curve, is rejected."""
    assert canonical_signature(bytes(31) + b"\x01" + s.to_bytes(32) + b"\x1b") is None


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("", b""),
        ("0x", b""),
        ("0X", b""),
        ("0xaB", b"\xab"),
        ("aB", b"\xab"),
        ("0x0", None),
        ("0", None),
        ("x00", None),
        ("0x0x00", None),
        ("0x00\n", None),
        (" 0x00", None),
        ("0x\u0660\u0660", None),
    ],
)
def test_hexadecimal(text: str, octets: bytes | None) -> None:
    """Pairs of digits in either case, with or without `0x`, and nothing around them."""
    assert signature_bytes(text) == octets
