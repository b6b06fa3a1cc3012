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


def _json_type(depth: int) -> Any:
    """The type of JSON values that nest at most so deep.

    A decoder of this type stops at the first value that nests deeper. One of any type recurses as
    deep as the text says, bounded only by the interpreter's recursion limit: where a process has
    raised that, a document of brackets would exhaust the stack.
    """
    scalar = str | int | float | bool | None
    json_type: Any = scalar
    for _ in range(depth):
        json_type = scalar | list[json_type] | dict[str, json_type]
    return json_type


_decode = msgspec.json.Decoder(_json_type(MAXIMUM_DEPTH)).decode


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
    try:
        value = _decode(document_bytes(document))
    except msgspec.ValidationError as error:
        raise DocumentUnreadable(
            f"The document nests deeper than {MAXIMUM_DEPTH} levels, or has a number out of range."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DocumentUnreadable("The document isn't valid JSON.") from error
    if not isinstance(value, dict):
        raise DocumentUnreadable("The document isn't a JSON object.")
    return value
