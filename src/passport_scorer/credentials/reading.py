"""From the text of a credential to its structure, within bounds.

Every later step may rely on what is checked here: a JSON object that nests no deeper than
`MAXIMUM_DEPTH`, so that no recursion over it comes near the interpreter's limit.

Source: RFC 8259; specification, credentials.md ("bounded").
"""

from typing import Any

import msgspec

from passport_scorer.credentials.errors import DocumentUnreadable

MAXIMUM_SIZE = 65_536  # bytes; stamps have 2 to 4 thousand
MAXIMUM_DEPTH = 16  # levels of objects and lists; stamps have 6
MAXIMUM_CONTAINERS = 1_024  # objects and lists (and brackets in strings); stamps have 50

_decode = msgspec.json.Decoder().decode


def document_bytes(document: bytes | str) -> bytes:
    """The bytes of a credential's JSON text: these are what is verified and remembered.

    Raises:
        DocumentUnreadable: the text can't be written as UTF-8, or is too long.
    """
    try:
        raw = document.encode() if isinstance(document, str) else document
    except UnicodeEncodeError as error:
        raise DocumentUnreadable("The document isn't valid Unicode.") from error
    if len(raw) > MAXIMUM_SIZE:
        raise DocumentUnreadable(f"The document has more than {MAXIMUM_SIZE} bytes.")
    return raw


def read_document(document: bytes | str) -> dict[str, Any]:
    """The JSON object that a credential's text holds; of keys that repeat, the last counts.

    Raises:
        DocumentUnreadable: no JSON, not an object, too long or too deep, or not UTF-8.
    """
    raw = document_bytes(document)
    # The decoder recurses, and how deep it may is a setting of the whole process: where that is
    # high, ten thousand brackets would exhaust the stack. A thousand can't.
    if raw.count(b"{") + raw.count(b"[") > MAXIMUM_CONTAINERS:
        raise DocumentUnreadable(f"The document has more than {MAXIMUM_CONTAINERS} brackets.")
    try:
        value = _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DocumentUnreadable("The document isn't valid JSON.") from error
    except RecursionError as error:
        raise DocumentUnreadable(f"The document nests deeper than {MAXIMUM_DEPTH}.") from error
    if type(value) is not dict:
        raise DocumentUnreadable("The document isn't a JSON object.")
    _check_depth(value)
    return value


def _check_depth(document: dict[str, Any]) -> None:
    """Refuse what nests too deep; level by level, so that this itself never recurses."""
    level: list[Any] = [document]
    for _ in range(MAXIMUM_DEPTH):
        level = [
            member
            for container in level
            for member in (container.values() if type(container) is dict else container)
            if type(member) is dict or type(member) is list
        ]
        if not level:
            return
    raise DocumentUnreadable(f"The document nests deeper than {MAXIMUM_DEPTH}.")
