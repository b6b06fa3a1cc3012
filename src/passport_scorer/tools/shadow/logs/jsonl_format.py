"""The log format of this project: JSON Lines, with headers and bodies. See docs/shadow.md."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from passport_scorer.tools.shadow.comparison.json_values import NotJson, json_text, json_value
from passport_scorer.tools.shadow.comparison.responses import ReceivedResponse
from passport_scorer.tools.shadow.exchanges import Request
from passport_scorer.tools.shadow.logs.entry import LogEntry
from passport_scorer.tools.shadow.logs.errors import LineUnreadable

_JSON = (("Content-Type", "application/json"),)
_FIELDS = frozenset({"time", "method", "path", "status", "seconds"})
_DISTINCTIVE_FIELDS = frozenset(
    {"headers", "body", "body_base64", "answer", "answer_base64", "answer_headers"}
)


def read_line(line: bytes) -> LogEntry:
    """Parse a line; raises LineUnreadable."""
    try:
        fields = json_value(line)
    except NotJson:
        raise LineUnreadable("not a JSON object") from None
    if not isinstance(fields, dict):
        raise LineUnreadable("not a JSON object")
    headers = _headers(fields.get("headers"))
    body = _body(fields, "body")
    if isinstance(fields.get("body"), dict | list) and not _names(headers, "content-type"):
        headers += _JSON
    request = Request(
        method=method_of(fields.get("method")),
        path=path_of(fields.get("path")),
        headers=headers,
        body=body,
        time=time_of(fields.get("time")),
    )
    status = _status(fields.get("status"))
    return LogEntry(request, _response(fields, status), status)


def looks_like_one(line: bytes) -> bool:
    """Return True if a line looks like this format, not like a JSON access log."""
    try:
        fields = json_value(line)
    except NotJson:
        return False
    return isinstance(fields, dict) and bool(
        _DISTINCTIVE_FIELDS & fields.keys() or fields.keys() <= _FIELDS
    )


def write_line(entry: LogEntry) -> bytes:
    """Serialize an entry for `read_line`; the line contains the request's secrets."""
    request = entry.request
    fields: dict[str, Any] = {"method": request.method, "path": request.path}
    if request.time is not None:
        moment = datetime.fromtimestamp(request.time, UTC)
        fields = {"time": moment.isoformat(timespec="microseconds")} | fields
    fields["headers"] = [list(pair) for pair in request.headers]
    fields |= _encoded_body("body", request.body)
    if (response := entry.response) is not None:
        fields["status"] = response.status
        if response.headers is not None:
            fields["answer_headers"] = [list(pair) for pair in response.headers]
        fields |= _encoded_body("answer", response.body)
        if response.seconds is not None:
            fields["seconds"] = response.seconds
    return msgspec.json.encode(fields)


def _encoded_body(name: str, body: bytes) -> dict[str, str]:
    try:
        return {name: body.decode("utf-8")} if body else {}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(body).decode("ascii")}


def method_of(value: object) -> str:
    """Return the method in upper case; raises LineUnreadable."""
    if not (isinstance(value, str) and value.isascii() and value.isalpha() and len(value) <= 20):
        raise LineUnreadable("invalid method")
    return value.upper()


def path_of(value: object) -> str:
    """Return the path and query of a path or a URL; raises LineUnreadable."""
    if not isinstance(value, str):
        raise LineUnreadable("invalid path")
    if "://" in value[:10]:
        value = "/" + value.partition("://")[2].partition("/")[2]
    if not value.startswith("/") or any(c <= " " or c == "\x7f" for c in value):
        raise LineUnreadable("invalid path")
    return value.partition("#")[0]


def time_of(value: object) -> float | None:
    """Parse a time as seconds since 1970; None if it is not understood.

    It can be ISO 8601, the notation of access logs, or a number of seconds or milliseconds.
    """
    text = str(value) if value is not None else ""
    try:
        number = float(text)
    except ValueError:
        return _iso_time(text)
    return number / 1000 if number > 1e11 else number


def _iso_time(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _common_time(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _common_time(text: str) -> float | None:
    try:
        return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z").timestamp()
    except ValueError:
        return None


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if pairs is None:
        return ()
    found = []
    for pair in pairs if isinstance(pairs, list) else [None]:
        match pair:
            case [str() as name, str() as text] | (str() as name, str() as text):
                found.append((name, text))
            case _:
                raise LineUnreadable("headers are neither an object of strings nor a list of pairs")
    return tuple(found)


def _names(headers: tuple[tuple[str, str], ...], name: str) -> bool:
    return any(each.lower() == name for each, _ in headers)


def _body(fields: Mapping[str, Any], name: str) -> bytes:
    if (encoded := fields.get(f"{name}_base64")) is not None:
        try:
            return base64.b64decode(str(encoded), validate=True)
        except (binascii.Error, ValueError):
            raise LineUnreadable(f"invalid base64 in {name}_base64") from None
    match fields.get(name):
        case None:
            return b""
        case str() as text:
            return text.encode("utf-8", "surrogatepass")
        case value:
            return json_text(value).encode("utf-8", "surrogatepass")


def _status(value: object) -> int | None:
    if value is None:
        return None
    text = str(value)
    if not (text.isdigit() and len(text) == 3):
        raise LineUnreadable("status is not three digits")
    return int(text)


def _response(fields: Mapping[str, Any], status: int | None) -> ReceivedResponse | None:
    if status is None or not ({"answer", "answer_base64"} & fields.keys()):
        return None
    seconds = fields.get("seconds")
    return ReceivedResponse(
        status,
        _headers(fields["answer_headers"]) if "answer_headers" in fields else None,
        _body(fields, "answer"),
        None if seconds is None else float(str(seconds)),
    )
