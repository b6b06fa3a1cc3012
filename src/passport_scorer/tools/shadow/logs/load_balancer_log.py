"""Access logs of AWS Application Load Balancers: space-separated fields, some quoted.

They contain neither headers nor bodies: only GET and HEAD can be replayed. Source: AWS, "Access
logs for your Application Load Balancer", syntax of entries.
"""

from __future__ import annotations

import re

from passport_scorer.tools.shadow.exchanges import Request
from passport_scorer.tools.shadow.logs.access_log import request_line_of
from passport_scorer.tools.shadow.logs.entry import LogEntry
from passport_scorer.tools.shadow.logs.errors import LineUnreadable
from passport_scorer.tools.shadow.logs.jsonl_format import method_of, path_of, time_of

_KINDS = frozenset({"http", "https", "h2", "grpcs", "ws", "wss"})
_FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_TIME, _STATUS, _REQUEST = 1, 8, 12


def looks_like_one(line: bytes) -> bool:
    """Return True if a line looks like this format."""
    return line.split(b" ", 1)[0].decode("latin-1") in _KINDS


def read_line(line: bytes) -> LogEntry:
    """Parse a line; raises LineUnreadable."""
    text = line.decode("utf-8", "replace")
    fields = [quoted or plain for quoted, plain in _FIELD.findall(text)]
    if len(fields) <= _REQUEST or fields[0] not in _KINDS:
        raise LineUnreadable("not an entry of a load balancer's access log")
    method, url = request_line_of(fields[_REQUEST].strip())
    status = fields[_STATUS]
    request = Request(method_of(method), path_of(url), time=time_of(fields[_TIME]))
    return LogEntry(request, status=int(status) if status.isdigit() else None, has_body=False)
