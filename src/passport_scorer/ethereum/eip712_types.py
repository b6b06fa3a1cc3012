"""The atomic types of EIP-712, and the encoding of JSON values into 32 bytes.

A value has a single spelling for each type, apart from the case of hexadecimal digits. Texts of a
credential are only ever read through the type `string`, so that another spelling of the same value
can't matter.

Source: EIP-712, "Definition of encodeData".
"""

import re
from collections.abc import Callable
from functools import lru_cache, partial

from passport_scorer.ethereum.errors import MessageUnfit
from passport_scorer.ethereum.keccak import keccak

Encoder = Callable[[object], bytes]
"""Encodes a value into 32 bytes, or raises `MessageUnfit`."""

MAXIMUM_STRING = 16_384  # characters
_SHORT = 128  # characters

_HEXADECIMAL = re.compile(r"0x((?:[0-9a-fA-F]{2})*)")
_DECIMAL = re.compile(r"-?[0-9]{1,78}")
_INTEGER_TYPE = re.compile(r"(u?)int([1-9][0-9]{0,2})")
_BYTES_TYPE = re.compile(r"bytes([1-9][0-9]?)")


def atomic_encoder(type_name: str, member: str) -> Encoder | None:
    """Return the encoder of an atomic type; None if EIP-712 does not define the type.

    `member` names the field in messages.
    """
    if simple := _SIMPLE.get(type_name):
        return partial(simple, member)
    if (match := _BYTES_TYPE.fullmatch(type_name)) and int(match[1]) <= 32:
        return partial(_fixed_bytes, member, int(match[1]))
    if (match := _INTEGER_TYPE.fullmatch(type_name)) and int(match[2]) in range(8, 257, 8):
        return partial(_integer, member, int(match[2]), not match[1])
    return None


def is_atomic(type_name: str) -> bool:
    """Return True for the name of an atomic type, which no struct can have."""
    return atomic_encoder(type_name, "") is not None


def _string(member: str, value: object) -> bytes:
    if type(value) is not str or len(value) > MAXIMUM_STRING:
        raise MessageUnfit(f"{member} isn't a string of at most {MAXIMUM_STRING} characters.")
    return _hash_of_text(value) if len(value) <= _SHORT else keccak(value.encode())


@lru_cache(maxsize=4096)  # most texts occur in many stamps
def _hash_of_text(text: str) -> bytes:
    return keccak(text.encode())


def _bool(member: str, value: object) -> bytes:
    if type(value) is not bool:
        raise MessageUnfit(f"{member} isn't a bool.")
    return value.to_bytes(32, "big")


def _octets(member: str, value: object) -> bytes:
    match = _HEXADECIMAL.fullmatch(value) if isinstance(value, str) else None
    if match is None or len(match[1]) > MAXIMUM_STRING:
        raise MessageUnfit(f"{member} isn't 0x and bytes in hexadecimal.")
    return bytes.fromhex(match[1])


def _bytes(member: str, value: object) -> bytes:
    return keccak(_octets(member, value))


def _fixed_bytes(member: str, length: int, value: object) -> bytes:
    octets = _octets(member, value)
    if len(octets) != length:
        raise MessageUnfit(f"{member} doesn't have {length} bytes.")
    return octets.ljust(32, b"\0")


def _address(member: str, value: object) -> bytes:
    return _fixed_bytes(member, 20, value)[:20].rjust(32, b"\0")


def _integer(member: str, bits: int, signed: bool, value: object) -> bytes:  # noqa: FBT001
    """A JSON integer, or its decimal text: JSON writers lose digits above 2^53."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = int(value)
    least = -(1 << bits - 1) if signed else 0
    if type(value) is not int or not least <= value < least + (1 << bits):
        raise MessageUnfit(f"{member} isn't an integer in the range of its type.")
    return value.to_bytes(32, "big", signed=signed)


_SIMPLE: dict[str, Callable[[str, object], bytes]] = {
    "string": _string,
    "bool": _bool,
    "bytes": _bytes,
    "address": _address,
}
