"""Build the usage analytics row of a call.

Source: docs/rules/authentication.md, "Usage analytics"; docs/rules/stored-data.md, "Odd rows".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

import msgspec
from starlette.requests import Request

from passport_scorer.auth.api_keys import WrongSecret
from passport_scorer.domain.api_key import ApiKey
from passport_scorer.domain.usage import Usage

_LONGEST_PATH = 1000  # characters that account_accountapikeyanalytics.path holds
_LONGEST_BASE_PATH = 200
_MASKED = frozenset({"x-api-key", "cookie", "authorization"})
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MOST_HEADERS = 64
LONGEST_HEADERS = 4096  # bytes of all headers as JSON
_LONGEST_NAME, _LONGEST_VALUE = 64, 256  # characters of a header
LONGEST_RESPONSE = 64 * 1024  # bytes; the response of a score has about 2 KB
# Segments and query are indexed, and PostgreSQL rejects index entries of more than 2704 bytes.
_LONGEST_INDEXED = 2000
_FIRST_OF_MANY, _START_OF_LONG = 8, 32  # 8 times 2 texts of 32 characters of 4 bytes fit
# Preceded by an even number of backslashes: this one starts an escape.
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

Value = TypeVar("Value")


class RecordedResponse(msgspec.Struct, frozen=True):
    """The response to a call.

    Attributes:
        status: the HTTP status.
        body: JSON.
        error: why the call failed; None if it succeeded.
    """

    status: int
    body: bytes
    error: Exception | None


def usage_of(
    request: Request, key: ApiKey, response: RecordedResponse, *, response_recorded: bool
) -> Usage:
    """Return the row for a call.

    Args:
        request: the request.
        key: the key that was presented.
        response: the response.
        response_recorded: True if the row contains the response.
    """
    path = request.scope["path"].replace("\0", _REPLACEMENT)
    segments = [segment for segment in path.split("/") if segment]
    shown = response_recorded and response.error is None
    too_long = len(response.body) > LONGEST_RESPONSE
    return Usage(
        api_key_id=key.key_id,
        created_at=datetime.now(UTC),
        path=path[:_LONGEST_PATH],
        base_path=segments[0][:_LONGEST_BASE_PATH],
        path_segments_json=_indexed(segments, lambda: [_start(text) for text in _first(segments)]),
        query_params_json=_query(request) if request.scope["query_string"] else "{}",
        headers_json=_headers(request.headers.items()),
        payload_json=None,
        # A JSON string that contains the JSON of the response: existing readers expect this.
        response_json=_json(response.body.decode()) if shown and not too_long else None,
        response_skipped=not response_recorded or (shown and too_long),
        error=_error_text(response),
        status_code=response.status,
    )


def _error_text(response: RecordedResponse) -> str | None:
    if response.error is None:
        return None
    if isinstance(response.error, WrongSecret):
        return "Unauthorized request"
    detail = msgspec.json.decode(response.body)["detail"]
    return detail if isinstance(detail, str) else "The request has the wrong shape."


def _masked(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.title(): "***" if name.lower() in _MASKED else value for name, value in headers}


def _headers(headers: Iterable[tuple[str, str]]) -> str:
    """Return the headers as JSON within bounds: shorten long ones, then drop the last."""
    masked = _masked(headers)
    if len(masked) > MOST_HEADERS or any(map(_is_long, masked.items())):
        first = islice(masked.items(), MOST_HEADERS)
        masked = {_cut(name, _LONGEST_NAME): _cut(value, _LONGEST_VALUE) for name, value in first}
    text = _json(masked)
    while len(text.encode()) > LONGEST_HEADERS:
        masked = dict(islice(masked.items(), len(masked) - max(1, len(masked) // 8)))
        text = _json(masked)
    return text


def _is_long(header: tuple[str, str]) -> bool:
    return len(header[0]) > _LONGEST_NAME or len(header[1]) > _LONGEST_VALUE


def _query(request: Request) -> str:
    pairs = request.query_params.multi_items()
    return _indexed(
        _lists(pairs),
        lambda: _lists((_start(name), _start(value)) for name, value in _first(pairs)),
    )


def _lists(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return name -> all its values, in order."""
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists


def _indexed(whole: object, shortened: Callable[[], object]) -> str:
    """Return the first if it fits into an index, else the second."""
    text = _json(whole)
    return text if len(text.encode()) <= _LONGEST_INDEXED else _json(shortened())


def _first(values: Sequence[Value]) -> Sequence[Value]:
    return values[:_FIRST_OF_MANY]


def _start(text: str) -> str:
    return _cut(text, _START_OF_LONG)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _json(value: object) -> str:
    """Return JSON without NUL, which PostgreSQL cannot store, whether literal or escaped."""
    text = msgspec.json.encode(value).decode()
    return _ESCAPED_NUL.sub(rf"\1{_REPLACEMENT}", text) if "u0000" in text else text
