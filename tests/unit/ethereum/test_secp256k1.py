"""Recovery of the signer of a digest."""

import pytest
from coincurve import PrivateKey, PublicKey

from passport_scorer.ethereum.errors import SignatureMalformed, SignatureMismatch
from passport_scorer.ethereum.secp256k1 import address_of, recovered_address
from passport_scorer.tools.demo.signing import eip712_proof_value

KEY = bytes(31) + b"\x07"
DIGEST = bytes(range(32))
SIGNATURE = eip712_proof_value(KEY, DIGEST)
ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


def twin(signature: str) -> str:
    """The other signature that the same key might have made: n - s, and the other id."""
    s = ORDER - int(signature[66:130], 16)
    return f"{signature[:66]}{s:064x}{55 - int(signature[130:], 16):02x}"


def small_id(signature: str) -> str:
    """The same signature with the recovery id counted from zero."""
    return f"{signature[:130]}{int(signature[130:], 16) - 27:02x}"


@pytest.mark.parametrize(
    "signature", [SIGNATURE, "0x" + SIGNATURE[2:].upper(), small_id(SIGNATURE)]
)
def test_the_signer_is_recovered(signature: str) -> None:
    """Letters of either case, and both numberings of the recovery id, tell the signer."""
    assert recovered_address(DIGEST, signature) == address_of(PrivateKey(KEY).public_key)


def test_the_twin_is_by_the_same_key() -> None:
    """A high s is dangerous: the twin is a valid signature of the same digest."""
    r_s, recovery_id = bytes.fromhex(twin(SIGNATURE)[2:130]), int(twin(SIGNATURE)[130:], 16) - 27
    signer = PublicKey.from_signature_and_message(r_s + bytes([recovery_id]), DIGEST, hasher=None)
    assert signer == PrivateKey(KEY).public_key


@pytest.mark.parametrize(
    "signature",
    [
        None,
        1,
        "",
        SIGNATURE[2:],
        "0X" + SIGNATURE[2:],
        SIGNATURE[:-2],
        SIGNATURE + "00",
        SIGNATURE[:-1],
        SIGNATURE + "\n",
        "0x" + "z" * 130,
        SIGNATURE[:130] + "1d",
        SIGNATURE[:130] + "25",
        twin(SIGNATURE),
        SIGNATURE[:66] + f"{ORDER:064x}" + SIGNATURE[130:],
    ],
)
def test_other_spellings_are_refused(signature: object) -> None:
    """There is one signature per digest and key: 65 bytes, a known recovery id, a low s."""
    with pytest.raises(SignatureMalformed):
        recovered_address(DIGEST, signature)


@pytest.mark.parametrize("start", ["00" * 32, "ff" * 32, f"{ORDER:064x}"])
def test_numbers_outside_the_curve_are_not_a_signature(start: str) -> None:
    """An r of zero or beyond the order belongs to no key."""
    with pytest.raises(SignatureMismatch):
        recovered_address(DIGEST, "0x" + start + SIGNATURE[66:])


def test_an_s_of_zero_is_not_a_signature() -> None:
    """An s of zero belongs to no key."""
    with pytest.raises(SignatureMismatch):
        recovered_address(DIGEST, SIGNATURE[:66] + "00" * 32 + SIGNATURE[130:])
