"""DIDs that contain their key: did:ethr and did:key. Nothing is resolved over the network.

Source: did:ethr method specification, did:key method specification, EIP-55.
"""

import re

from passport_scorer.ethereum.errors import IssuerUnresolvable
from passport_scorer.ethereum.keccak import keccak

_ETHR = re.compile(r"did:ethr:0x([0-9a-fA-F]{40})")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_KEY = re.compile(r"did:key:(z[1-9A-HJ-NP-Za-km-z]{1,60})")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519_MULTICODEC = b"\xed\x01"


def checksummed(address: bytes) -> str:
    """Return an address (20 bytes) as `0x…` with its EIP-55 checksum."""
    digits = address.hex()
    nibbles = keccak(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if nibble >= "8" else digit
        for digit, nibble in zip(digits, nibbles, strict=False)
    )


def address_spellings(address: str) -> list[str]:
    """Return the spellings of an address that an index is searched for.

    Lower case, upper case after `0x`, and with the EIP-55 checksum. A text that is not an address
    has no checksum.
    """
    lowered = address.lower()
    spellings = [lowered, lowered[:2] + lowered[2:].upper()]
    if _ADDRESS.fullmatch(lowered):
        spellings.append(checksummed(bytes.fromhex(lowered[2:])))
    return spellings


def ethereum_address(did: str) -> bytes:
    """Return the address (20 bytes) of a `did:ethr:0x…`, in lower case or with its checksum.

    Raises:
        IssuerUnresolvable: another DID (including one with a network or a public key), or a
            wrong EIP-55 checksum.
    """
    match = _ETHR.fullmatch(did)
    if match is None:
        raise IssuerUnresolvable("The issuer isn't a did:ethr with an address.")
    digits = match[1]
    address = bytes.fromhex(digits)
    if digits != digits.lower() and "0x" + digits != checksummed(address):
        raise IssuerUnresolvable("The issuer's address has a wrong EIP-55 checksum.")
    return address


def key_fragment(did: str) -> str:
    """Return the multibase text of a did:key, which is also the fragment of its only key.

    Raises:
        IssuerUnresolvable: not a did:key in base58.
    """
    match = _KEY.fullmatch(did)
    if match is None:
        raise IssuerUnresolvable("The issuer isn't a did:key in base58.")
    return match[1]


def ed25519_key(did: str) -> bytes:
    """Return the Ed25519 public key (32 bytes) of a `did:key:z…`.

    Raises:
        IssuerUnresolvable: another DID, or another type of key.
    """
    decoded = _base58_decoded(key_fragment(did)[1:])
    if len(decoded) != 34 or not decoded.startswith(_ED25519_MULTICODEC):
        raise IssuerUnresolvable("The issuer's did:key isn't an Ed25519 key.")
    return decoded[2:]


def _base58_decoded(text: str) -> bytes:
    number = 0
    for character in text:
        number = number * 58 + _BASE58.index(character)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def did_key(public_key: bytes) -> str:
    """Return the did:key of an Ed25519 public key (32 bytes)."""
    number = int.from_bytes(_ED25519_MULTICODEC + public_key, "big")
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return f"did:key:z{text}"
