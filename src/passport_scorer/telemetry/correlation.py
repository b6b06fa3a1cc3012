"""The ids that connect log events and responses to a request.

Each request has an id, which the client can choose, and a trace id, even if no trace is recorded.
Responses include both, so that users can name them when they ask for support.

Source: W3C Trace Context.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from contextvars import ContextVar

import msgspec

# Version, trace id, parent id, flags.
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
# Characters that need no escaping in a log, a shell or HTML.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._~+/=:@-]{1,128}")

Headers = Iterable[tuple[bytes, bytes]]


class Correlation(msgspec.Struct, frozen=True):
    """The ids of a request.

    Attributes:
        request_id: 1 to 128 safe characters.
        traceparent: well-formed, as in W3C Trace Context.
    """

    request_id: str
    traceparent: str

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return self.traceparent[3:35]


CORRELATION: ContextVar[Correlation | None] = ContextVar("correlation", default=None)
"""The request in progress; None: no request, or several."""


def correlation_of(headers: Headers, traceparent: str | None = None) -> Correlation:
    """Return the ids of a request.

    Args:
        headers: names in lower case. A well-formed `X-Request-ID` is reused, and so is the trace of
            a well-formed `traceparent`; otherwise the ids are new.
        traceparent: of the recorded span, if any: its trace takes precedence.
    """
    request_id = trace_id = None
    for name, value in headers:
        if name == b"x-request-id":
            request_id = value if _REQUEST_ID.fullmatch(value) else request_id
        elif name == b"traceparent":
            match = _TRACEPARENT.fullmatch(value)
            trace_id = match[1] if match else trace_id
    # Three ids at once: unique, not secret. The generator of the module differs between workers,
    # which are forks, and between sandboxes that are restored from one snapshot.
    new = f"{random.getrandbits(320):080x}"
    trace = trace_id.decode() if trace_id else new[32:64]
    return Correlation(
        request_id.decode() if request_id else new[:32],
        traceparent or f"00-{trace}-{new[64:]}-00",
    )
