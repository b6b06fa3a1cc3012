"""Access logs in lines of text: the Common Log Format, what is derived from it, and Envoy's own.

nginx and Apache ("combined"), Traefik and API Gateway write host, user, `[time]`, `"request"`,
status, and more behind; Envoy begins with `[time]`. Only reads can be made of them: they have
neither headers nor bodies.

Source: Apache, "Log Files" (Common Log Format); Traefik, "Access Logs"; AWS, "Access logging for
REST APIs" and "for HTTP APIs"; Envoy, "Access logging" (default format string).
"""

from __future__ import annotations

import re

from passport_scorer.tools.shadow.exchanges import Request
from passport_scorer.tools.shadow.logs.access_log import literal_path, request_line_of
from passport_scorer.tools.shadow.logs.entry import Entry
from passport_scorer.tools.shadow.logs.errors import LineUnreadable
from passport_scorer.tools.shadow.logs.jsonl_format import method_of, path_of, time_of

_REST = r'\[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{1,3}|-)(?: |$)'
_COMMON = re.compile(r"\S+ [^\[\"]*" + _REST)
_ENVOY = re.compile(_REST)
_ESCAPED = re.compile(r"\\x([0-9A-Fa-f]{2})|\\(.)")


def read_common_line(line: bytes) -> Entry:
    """Read a line of the Common Log Format, or one that begins so; raises LineUnreadable."""
    return _entry(_COMMON.match(line.decode("utf-8", "replace").strip()))


def read_envoy_line(line: bytes) -> Entry:
    """Read a line of Envoy's default format; raises LineUnreadable."""
    return _entry(_ENVOY.match(line.decode("utf-8", "replace").strip()))


def _entry(match: re.Match[str] | None) -> Entry:
    if match is None:
        raise LineUnreadable("not a line of an access log")
    time, line, status = match.groups()
    method, target = _request_line(_ESCAPED.sub(_quoted, line))
    request = Request(method_of(method), literal_path(path_of(target)), time=time_of(time))
    is_status = status.isdigit() and len(status) == 3
    return Entry(request, status=int(status) if is_status else None, has_body=False)


def _request_line(text: str) -> tuple[str, str]:
    """Return method and target; API Gateway writes the method twice where it logs the route."""
    first, _, rest = text.partition(" ")
    return request_line_of(rest if rest.startswith(f"{first} ") else text)


def _quoted(escaped: re.Match[str]) -> str:
    """Return what was escaped for the log as it stands in a URL."""
    code = escaped[1] or f"{ord(escaped[2]) % 256:02X}"
    return f"%{code.upper()}"
