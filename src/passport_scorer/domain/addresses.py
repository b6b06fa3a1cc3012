"""Ethereum addresses: as callers write them, and in lower case as in the tables."""

import re

from passport_scorer.domain.errors import PassportScorerError

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class InvalidAddress(PassportScorerError):
    """Invalid address."""

    code = "invalid_address"


def is_address(text: str) -> bool:
    """Return True if `parse_address` accepts a text."""
    return _ADDRESS.fullmatch(text) is not None


def parse_address(text: str) -> str:
    """Return an address in lower case, as in every table.

    Args:
        text: `0x` (lower-case x) and 40 hexadecimal digits, in any letter case.

    Raises:
        InvalidAddress: the text is anything else.

    Source: docs/rules/http.md, "Addresses".
    """
    if not is_address(text):
        raise InvalidAddress
    return text.lower()
