"""Parse and check the parts of a request; a wrong shape is rejected with 422.

Source: docs/rules/http.md, "Errors".
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from passport_scorer.api.http.errors import (
    BodyTooLong,
    InvalidRequest,
    Problem,
    UnsupportedEncoding,
)
from passport_scorer.api.middleware.limits import announced_length
from passport_scorer.domain.bounded_types import BIGINT, IntegerColumn
from passport_scorer.domain.parameters import read_boolean, read_integer

_PIECE = 16 * 1024  # bytes decoded at a time: as text, a body can be four times as large


def query_parameter(request: Request, name: str) -> str | None:
    """Return a query parameter; None if it is missing, '' if it is empty.

    Raises:
        InvalidRequest: it occurs more than once.
    """
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise InvalidRequest(Problem("duplicate", ["query", name], "The parameter occurs twice."))
    return values[0] if values else None


def required_query_parameter(request: Request, name: str) -> str:
    """Return a required query parameter; it can be empty.

    Raises:
        InvalidRequest: it is missing, or occurs more than once.
    """
    value = query_parameter(request, name)
    if value is None:
        raise InvalidRequest(Problem("missing", ["query", name], "The parameter is missing."))
    return value


def integer_query_parameter(request: Request, name: str) -> int | None:
    """Return a 64-bit integer query parameter; None if it is missing.

    Raises:
        InvalidRequest: it is not an integer, or occurs more than once.
    """
    text = query_parameter(request, name)
    return None if text is None else parse_integer(text, ["query", name])


def scorer_query_parameter(request: Request, name: str) -> int | None:
    """Return a scorer ID from the query; None (the default) if it is missing or empty.

    Raises:
        InvalidRequest: it is not an integer, or occurs more than once.
    """
    text = query_parameter(request, name)
    return parse_integer(text, ["query", name]) if text else None


def boolean_query_parameter(request: Request, name: str) -> bool | None:
    """Return a boolean query parameter; None if it is missing.

    Raises:
        InvalidRequest: it is not a boolean, or occurs more than once.
    """
    text = query_parameter(request, name)
    if text is None:
        return None
    value = read_boolean(text)
    if value is None:
        problem = Problem("bool_parsing", ["query", name], "The value must be true or false.")
        raise InvalidRequest(problem)
    return value


def integer_path_parameter(request: Request, name: str, column: IntegerColumn = BIGINT) -> int:
    """Return an integer path parameter that a column can hold.

    Raises:
        InvalidRequest: it is not one.
    """
    return parse_integer(request.path_params[name], ["path", name], column)


def parse_integer(value: int | str, place: list[str], column: IntegerColumn = BIGINT) -> int:
    """Return an integer that a column can hold.

    Args:
        value: an integer, or its decimal text; see `read_integer`.
        place: where it is in the request, for the error.
        column: the column, which sets the bounds.

    Raises:
        InvalidRequest: it is not one.
    """
    number = read_integer(value) if isinstance(value, str) else value
    if number is None or not column.holds(number):
        raise InvalidRequest(Problem("int_parsing", place, "The value must be an integer."))
    return number


async def json_body(request: Request, kind: Any) -> Any:
    """Read the JSON body of a request.

    Args:
        request: the request, to an endpoint that declares a body.
        kind: the expected type.

    Raises:
        InvalidRequest: it is not JSON in UTF-8, or has the wrong shape.
        BodyTooLong: it is longer than the endpoint accepts.
        UnsupportedEncoding: it is compressed.
    """
    _check_encoding(request)
    longest: int = request.scope["longest_body"]
    if announced_length(request.headers.get("content-length", "").encode("latin-1")) > longest:
        raise BodyTooLong
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > longest:
                raise BodyTooLong
    except ClientDisconnect as error:
        raise InvalidRequest(Problem("missing", ["body"], "The body is incomplete.")) from error
    _check_utf8(body)
    return decode_json(bytes(body), kind)


def _check_encoding(request: Request) -> None:
    written = ",".join(request.headers.getlist("content-encoding"))
    codings = {coding.strip().lower() for coding in written.split(",")}
    if codings - {"", "identity"}:
        raise UnsupportedEncoding


def _check_utf8(body: bytearray) -> None:
    # msgspec checks only the grammar of members that no type asks for, not their encoding.
    decoder = getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), _PIECE):
            decoder.decode(body[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise InvalidRequest(Problem("json_invalid", ["body"], "The body is not UTF-8.")) from error


def list_of_at_most(kind: Any, most: int) -> Any:
    """Return a type for `json_body` that reads a JSON list up to one member beyond its maximum.

    The extra member shows that the list is too long; the rest is skipped without creating objects,
    which would take many times the memory of their text. `members` turns the result into a list.
    """
    places = [(f"member_{place}", kind | msgspec.UnsetType, msgspec.UNSET) for place in range(most)]
    extra = ("extra", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET)
    return msgspec.defstruct("JsonList", [*places, extra], array_like=True, frozen=True)


def members(read: msgspec.Struct) -> list[Any]:
    """Return the members that were read from a list, including the one beyond the maximum."""
    return [value for value in msgspec.structs.astuple(read) if value is not msgspec.UNSET]


def decode_json(body: bytes, kind: Any) -> Any:
    """Decode JSON into a type.

    Raises:
        InvalidRequest: it is not JSON, or has the wrong shape.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(Problem("json_invalid", ["body"], str(error))) from error
    except RecursionError as error:
        problem = Problem("json_invalid", ["body"], "The JSON is nested too deeply.")
        raise InvalidRequest(problem) from error
