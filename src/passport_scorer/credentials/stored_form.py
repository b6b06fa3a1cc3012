"""The form of a credential's text in a `jsonb` column, and whether it can be stored.

PostgreSQL keeps numbers as decimals and writes them in full: `1e131071` becomes 131,072 digits, in
every response. So a document must be within bounds in both forms, as it was sent and as it will
be read. The bounds are those of `passport_scorer.credentials.parsing`.

Source: docs/rules/stamp-store.md, "Bounds of a stamp"; PostgreSQL, "JSON Types".
"""

from __future__ import annotations

import re
from decimal import Decimal
from json.encoder import encode_basestring as quoted
from typing import Any, NamedTuple

import msgspec

from passport_scorer.credentials.errors import DocumentUnreadable
from passport_scorer.credentials.parsing import check_size, read_document

MAXIMUM_DIGITS = 100  # of a number written in full

_NUMBER = re.compile(r"-?(?P<whole>[0-9]+)(\.(?P<fraction>[0-9]+))?([eE](?P<power>[+-]?[0-9]+))?")
_TOO_LARGE = 10**MAXIMUM_DIGITS
_LONGEST_POWER = 5  # characters; a longer exponent is far out of bounds


class WrittenNumber(str):
    """A number with a fraction or an exponent, exactly as written."""

    __slots__ = ()


_DECODER = msgspec.json.Decoder(float_hook=WrittenNumber)


class StorableDocument(NamedTuple):
    """A credential that can be stored: its JSON object, and the text that will be read."""

    read: dict[str, Any]
    stored: str


def read_storable(document: bytes) -> StorableDocument:
    """Return a credential, if it can be stored.

    Raises:
        DocumentUnreadable: verification would reject its text for its size, depth or brackets,
            as it was sent or as it would be stored; or it has a number of more than
            `MAXIMUM_DIGITS` digits, or a text with NUL, which no column can hold.
    """
    read = read_document(document)
    stored = stored_text(_DECODER.decode(document))
    check_size(stored.encode())
    return StorableDocument(read, stored)


def stored_text(value: Any) -> str:
    """Return the text that PostgreSQL writes for a JSON value.

    Args:
        value: from a document that `read_document` accepts; numbers that aren't integers are
            `WrittenNumber`.

    Raises:
        DocumentUnreadable: a number is too long, or a text contains NUL.
    """
    match value:
        case dict():
            names = sorted(value, key=_order)
            members = (f"{_text(name)}: {stored_text(value[name])}" for name in names)
            return "{" + ", ".join(members) + "}"
        case list():
            return "[" + ", ".join(map(stored_text, value)) + "]"
        case WrittenNumber():
            return _plain(value)
        case str():
            return _text(value)
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
    return _whole(value)


def _order(name: str) -> tuple[int, bytes]:
    octets = name.encode()
    return len(octets), octets


def _text(text: str) -> str:
    if "\0" in text:
        raise DocumentUnreadable("The document has a text with NUL.")
    return quoted(text)


def _plain(number: str) -> str:
    parts = _NUMBER.fullmatch(number)
    power = (parts and parts["power"]) or "0"
    if not parts or len(power) > _LONGEST_POWER:
        raise _too_long()
    shift = int(power)
    digits = max(len(parts["whole"]) + shift, 1) + max(len(parts["fraction"] or "") - shift, 0)
    if digits > MAXIMUM_DIGITS:
        raise _too_long()
    decimal = Decimal(number)
    return format(decimal if decimal else decimal.copy_abs(), "f")


def _whole(number: int) -> str:
    if abs(number) >= _TOO_LARGE:
        raise _too_long()
    return str(number)


def _too_long() -> DocumentUnreadable:
    return DocumentUnreadable(
        f"The document has a number of more than {MAXIMUM_DIGITS} digits when written in full."
    )
