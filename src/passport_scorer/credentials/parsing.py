"""Parsing of a credential within bounds.

Later steps rely on these checks: the document is a JSON object that nests no deeper than
`MAXIMUM_DEPTH`, so that no recursion over it comes near the interpreter's limit.

Source: RFC 8259; docs/rules/credentials.md, "Bounds".
"""

from typing import Any

import msgspec

from passport_scorer.credentials.errors import DocumentUnreadable

MAXIMUM_SIZE = 65_536  # bytes; stamps have two to four thousand
MAXIMUM_DEPTH = 16  # levels of objects and lists; stamps have 6
MAXIMUM_BRACKETS = 500  # opening brackets of objects and lists; stamps have about 45
MAXIMUM_COMMAS = 2_000  # bounds the number of values; stamps have about 110


def document_bytes(document: bytes | str) -> bytes:
    """Return the bytes of a credential's JSON text: the input of verification and of its cache.

    Raises:
        DocumentUnreadable: the text can't be encoded as UTF-8, or is too long.
    """
    try:
        raw = document.encode() if isinstance(document, str) else document
    except UnicodeEncodeError as error:
        raise DocumentUnreadable("The document isn't valid Unicode.") from error
    _check_length(raw)
    return raw


def check_size(raw: bytes) -> None:
    """Reject JSON text that is too long, or has too many objects, lists and values.

    Raises:
        DocumentUnreadable: the text exceeds a bound.
    """
    _check_length(raw)
    # The decoder recurses as deep as the text nests, bounded only by the interpreter's recursion
    # limit: in a process that has raised it, a document of brackets would exhaust the stack.
    if raw.count(b"{") + raw.count(b"[") > MAXIMUM_BRACKETS:
        raise DocumentUnreadable(f"The document has more than {MAXIMUM_BRACKETS} brackets.")
    # The EIP-712 suite encodes and hashes each value; even a small number takes a microsecond.
    if raw.count(b",") > MAXIMUM_COMMAS:
        raise DocumentUnreadable(f"The document has more than {MAXIMUM_COMMAS} commas.")


def read_document(document: bytes | str) -> dict[str, Any]:
    """Return the JSON object of a credential's text; of repeated keys, the last counts.

    Raises:
        DocumentUnreadable: not JSON, not an object, not UTF-8, too long, too deep, or with too
            many values.
    """
    raw = document_bytes(document)
    check_size(raw)
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DocumentUnreadable("The document isn't valid JSON.") from error
    if not isinstance(value, dict):
        raise DocumentUnreadable("The document isn't a JSON object.")
    if _is_deeper(value, MAXIMUM_DEPTH):
        raise DocumentUnreadable(f"The document nests deeper than {MAXIMUM_DEPTH} levels.")
    return value


def _check_length(raw: bytes) -> None:
    if len(raw) > MAXIMUM_SIZE:
        raise DocumentUnreadable(f"The document has more than {MAXIMUM_SIZE} bytes.")


def _is_deeper(value: Any, depth: int) -> bool:
    """Return True if objects and lists nest deeper; without recursion."""
    level = [value]
    for _ in range(depth):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True
