"""Addresses with a checksum. Source: EIP-55 ("Mixed-case checksum address encoding")."""

from __future__ import annotations

from passport_scorer.domain.addresses import InvalidAddress, parse_address
from passport_scorer.ethereum.did import checksummed


def parse_checksummed_address(text: str) -> str:
    """Return an address in lower case.

    Args:
        text: `0x` and 40 hexadecimal digits: all lower case, all upper case, or mixed as its
            EIP-55 checksum requires.

    Raises:
        InvalidAddress: any other text.

    Source: docs/rules/http.md, "Addresses".
    """
    address = parse_address(text)
    digits = text[2:]
    if digits in (digits.lower(), digits.upper()):
        return address
    if text != checksummed(bytes.fromhex(digits)):
        raise InvalidAddress
    return address
