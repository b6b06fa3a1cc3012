"""From the text of a request to values; what has the wrong shape is refused with 422.

Source: specification, http.md ("Errors").
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from passport_scorer.api.http.problems import InvalidRequest, Problem
from passport_scorer.api.middleware.limits import announced_length
from passport_scorer.domain.bounded_types import BIGINT, IntegerColumn
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.parameters import read_boolean, read_integer

_PIECE = 16 * 1024  # bytes that are decoded at once: as text, a body may be four times as large


class TooLong(PassportScorerError):
    """The body of the request is too long."""

    code = "too_long"


class UnsupportedEncoding(PassportScorerError):
    """The body must not be compressed: send it without Content-Encoding."""

    code = "unsupported_encoding"


def query_parameter(request: Request, name: str) -> str | None:
    """Return a parameter of the query; None if it isn't there, '' if it is empty.

    Raises:
        InvalidRequest: it is there more than once.
    """
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise InvalidRequest(Problem("duplicate", ["query", name], "The parameter occurs twice."))
    return values[0] if values else None


def required_query_parameter(request: Request, name: str) -> str:
    """Return a parameter of the query that must be there; it may be empty.

    Raises:
        InvalidRequest: it isn't there, or more than once.
    """
    value = query_parameter(request, name)
    if value is None:
        raise InvalidRequest(Problem("missing", ["query", name], "The parameter is missing."))
    return value


def integer_query_parameter(request: Request, name: str) -> int | None:
    """Return an integer (64 bits) of the query; None if it isn't there.

    Raises:
        InvalidRequest: it is something else, or there more than once.
    """
    text = query_parameter(request, name)
    return None if text is None else parse_integer(text, ["query", name])


def scorer_query_parameter(request: Request, name: str) -> int | None:
    """Return the id of a scorer in the query; None, for the default, if it isn't there or empty.

    Raises:
        InvalidRequest: it is something else, or there more than once.
    """
    text = query_parameter(request, name)
    return parse_integer(text, ["query", name]) if text else None


def boolean_query_parameter(request: Request, name: str) -> bool | None:
    """Return a boolean of the query; None if it isn't there.

    Raises:
        InvalidRequest: it is something else, or there more than once.
    """
    text = query_parameter(request, name)
    if text is None:
        return None
    value = read_boolean(text)
    if value is None:
        problem = Problem("bool_parsing", ["query", name], "This is neither true nor false.")
        raise InvalidRequest(problem)
    return value


def integer_path_parameter(request: Request, name: str, column: IntegerColumn = BIGINT) -> int:
    """Return an integer of the path that a column can hold.

    Raises:
        InvalidRequest: it is something else.
    """
    return parse_integer(request.path_params[name], ["path", name], column)


def parse_integer(value: int | str, place: list[str], column: IntegerColumn = BIGINT) -> int:
    """Return an integer that a column can hold.

    Args:
        value: an integer, or a decimal text; see `read_integer`.
        place: where it stands, for the error.
        column: bounds it.

    Raises:
        InvalidRequest: it is something else.
    """
    number = read_integer(value) if isinstance(value, str) else value
    if number is None or not column.holds(number):
        raise InvalidRequest(Problem("int_parsing", place, "This is not a whole number."))
    return number


async def json_body(request: Request, kind: Any) -> Any:
    """Read the JSON body of a request.

    Args:
        request: the request, to an endpoint that declares a body.
        kind: the type that it must have.

    Raises:
        InvalidRequest: it is no JSON in UTF-8, or has another shape.
        TooLong: it is longer than its endpoint takes.
        UnsupportedEncoding: it is compressed.
    """
    _check_encoding(request)
    longest: int = request.scope["longest_body"]
    if announced_length(request.headers.get("content-length", "").encode("latin-1")) > longest:
        raise TooLong
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > longest:
                raise TooLong
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
    # Of members that nobody reads, msgspec checks the grammar only.
    decoder = getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), _PIECE):
            decoder.decode(body[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise InvalidRequest(Problem("json_invalid", ["body"], "The body is not UTF-8.")) from error


def list_of_at_most(kind: Any, most: int) -> Any:
    """Return a type for `json_body` that reads the first members of a JSON list, one too many.

    A list that is too long is known by that one; the rest is skipped without becoming objects,
    which would take many times the memory of their text. `members` makes a list of it.
    """
    places = [(f"member_{place}", kind | msgspec.UnsetType, msgspec.UNSET) for place in range(most)]
    extra = ("extra", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET)
    return msgspec.defstruct("JsonList", [*places, extra], array_like=True, frozen=True)


def members(read: msgspec.Struct) -> list[Any]:
    """Return the members that were read of a list, the one too many included."""
    return [value for value in msgspec.structs.astuple(read) if value is not msgspec.UNSET]


def decode_json(body: bytes, kind: Any) -> Any:
    """Read JSON of a type.

    Raises:
        InvalidRequest: it is no JSON, or has another shape.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(Problem("json_invalid", ["body"], str(error))) from error
    except RecursionError as error:
        problem = Problem("json_invalid", ["body"], "The JSON is nested too deeply.")
        raise InvalidRequest(problem) from error
