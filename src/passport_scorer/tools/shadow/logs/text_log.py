"""Text access logs: the Common Log Format, its derivatives, and Envoy's format.

nginx and Apache ("combined"), Traefik and API Gateway write host, user, `[time]`, `"request"`,
status, and further fields; Envoy starts with `[time]`. Such logs contain neither headers nor
bodies: only GET and HEAD can be replayed.

Source: Apache, "Log Files" (Common Log Format); Traefik, "Access Logs"; AWS, "Access logging for
REST APIs" and "for HTTP APIs"; Envoy, "Access logging" (default format string).
"""

from __future__ import annotations

import re

from passport_scorer.tools.shadow.exchanges import Request
from passport_scorer.tools.shadow.logs.access_log import literal_path, request_line_of
from passport_scorer.tools.shadow.logs.entry import LogEntry
from passport_scorer.tools.shadow.logs.errors import LineUnreadable
from passport_scorer.tools.shadow.logs.jsonl_format import method_of, path_of, time_of

_REST = r'\[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{1,3}|-)(?: |$)'
_COMMON = re.compile(r"\S+ [^\[\"]*" + _REST)
_ENVOY = re.compile(_REST)
_ESCAPED = re.compile(r"\\x([0-9A-Fa-f]{2})|\\(.)")


def read_common_line(line: bytes) -> LogEntry:
    """Parse a line that starts like the Common Log Format; raises LineUnreadable."""
    return _entry(_COMMON.match(line.decode("utf-8", "replace").strip()))


def read_envoy_line(line: bytes) -> LogEntry:
    """Parse a line in Envoy's default format; raises LineUnreadable."""
    return _entry(_ENVOY.match(line.decode("utf-8", "replace").strip()))


def _entry(match: re.Match[str] | None) -> LogEntry:
    if match is None:
        raise LineUnreadable("not a line of an access log")
    time, line, status = match.groups()
    method, target = _request_line(_ESCAPED.sub(_quoted, line))
    request = Request(method_of(method), literal_path(path_of(target)), time=time_of(time))
    is_status = status.isdigit() and len(status) == 3
    return LogEntry(request, status=int(status) if is_status else None, has_body=False)


def _request_line(text: str) -> tuple[str, str]:
    """Return method and target; API Gateway repeats the method if it logs the route."""
    first, _, rest = text.partition(" ")
    return request_line_of(rest if rest.startswith(f"{first} ") else text)


def _quoted(escaped: re.Match[str]) -> str:
    """Convert an escape sequence of the log to percent-encoding."""
    code = escaped[1] or f"{ord(escaped[2]) % 256:02X}"
    return f"%{code.upper()}"
