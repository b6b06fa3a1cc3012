"""Which request a log event belongs to: the id of its trace, also where no trace is recorded."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from contextvars import ContextVar

TRACE_ID: ContextVar[str | None] = ContextVar("trace_id", default=None)

# W3C Trace Context: version, trace id, parent id, flags.
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_generator = random.Random()  # noqa: S311  an id must be unlike others, not secret


def trace_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the trace that the caller says the request belongs to, else a new id (32 hex)."""
    for name, value in headers:
        if name == b"traceparent" and (match := _TRACEPARENT.fullmatch(value)):
            return match[1].decode()
    return f"{_generator.getrandbits(128) or 1:032x}"
