"""JSON access logs of web servers and proxies, one object per line.

The field names are those of API Gateway, Caddy, Elastic Common Schema, Envoy, nginx, OpenTelemetry
and Traefik. Such logs contain neither bodies nor secrets: only GET and HEAD can be replayed, with
API keys from `--header`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from passport_scorer.tools.shadow.comparison.json_values import NotJson, json_value
from passport_scorer.tools.shadow.exchanges import Request
from passport_scorer.tools.shadow.logs.entry import LogEntry
from passport_scorer.tools.shadow.logs.errors import LineUnreadable
from passport_scorer.tools.shadow.logs.jsonl_format import method_of, path_of, time_of

# Field names: the first one present is used; a dot descends into an object.
METHOD = (
    "method",
    "request_method",
    "http_method",
    "http.request.method",
    "request.method",
    "httpMethod",
    "RequestMethod",
    "verb",
)
PATH = (
    "path",
    "request_uri",
    "uri",
    "url",
    "url.original",
    "http.target",
    "request.uri",
    "request.url",
    "request.path",
    "requestPath",
    "RequestPath",
    "x-envoy-origin-path",
    "x-envoy-original-path",
    "rawPath",
    "resourcePath",
)
QUERY = ("query", "query_string", "args", "url.query", "request.query", "rawQueryString")
TIME = (
    "StartUTC",
    "time",
    "timestamp",
    "@timestamp",
    "time_iso8601",
    "start_time",
    "requestTimeEpoch",
    "requestTime",
    "time_local",
    "ts",
    "msec",
    "date",
)
STATUS = (
    "status",
    "status_code",
    "http.response.status_code",
    "response.status",
    "statusCode",
    "DownstreamStatus",
    "response_code",
)
REQUEST_LINE = ("request", "request_line", "routeKey")


def read_line(line: bytes) -> LogEntry:
    """Parse a line; raises LineUnreadable."""
    try:
        fields = json_value(line)
    except NotJson:
        raise LineUnreadable("not a JSON object") from None
    if not isinstance(fields, dict):
        raise LineUnreadable("not a JSON object")
    method, path = _first(fields, METHOD), _first(fields, PATH)
    request_line = _first(fields, REQUEST_LINE)
    if (method is None or path is None) and isinstance(request_line, str):
        method, path = request_line_of(request_line)
    found = literal_path(path_of(path))
    query = _first(fields, QUERY)
    if isinstance(query, str) and query.strip("-?") and "?" not in found:
        found = path_of(f"{found}?{query.lstrip('?')}")
    status = str(_first(fields, STATUS) or "")
    return LogEntry(
        Request(method_of(method), found, time=time_of(_first(fields, TIME))),
        status=int(status) if status.isdigit() and len(status) == 3 else None,
        has_body=False,
    )


def literal_path(path: str) -> str:
    """Return the path unless it is a route template; raises LineUnreadable.

    API Gateway's `resourcePath` and `routeKey` contain names of parameters, not their values.
    """
    if "{" in path.partition("?")[0]:
        raise LineUnreadable("a template instead of a path: have API Gateway log $context.path")
    return path


def request_line_of(text: str) -> tuple[str, str]:
    """Split `GET /path HTTP/1.1` into method and target; raises LineUnreadable."""
    words = text.split(" ")
    if len(words) == 2:  # a route of API Gateway
        words.append("")
    if len(words) != 3:
        raise LineUnreadable("invalid request line")
    return words[0], words[1]


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        value = fields.get(name)
        if value is not None and not isinstance(value, dict):
            return value
        inner: Any = fields
        for part in name.split("."):
            inner = inner.get(part) if isinstance(inner, dict) else None
        if inner is not None and not isinstance(inner, dict):
            return inner
    return None
