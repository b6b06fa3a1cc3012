"""Which request a log event or an answer belongs to.

Each request has an id of its own, which the caller may choose, and belongs to a trace, also where
no trace is recorded. Answers say both, so that who asks for support can name them.

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
# What is the same in a log, a shell and an HTML page.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._~+/=:@-]{1,128}")
_generator = random.Random()  # noqa: S311  an id must be unlike others, not secret

Headers = Iterable[tuple[bytes, bytes]]


class Correlation(msgspec.Struct, frozen=True):
    """The ids of a request.

    Attributes:
        request_id: 1 to 128 harmless characters.
        traceparent: as W3C Trace Context writes it, well-formed.
    """

    request_id: str
    traceparent: str

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return self.traceparent[3:35]


CORRELATION: ContextVar[Correlation | None] = ContextVar("correlation", default=None)
"""What is worked on at the moment; None: no request, or several."""


def correlation_of(headers: Headers, traceparent: str | None = None) -> Correlation:
    """Return the ids of a request.

    Args:
        headers: names in lower case. A well-formed `X-Request-ID` is taken over, and so is the
            trace of a well-formed `traceparent`; else there are new ones.
        traceparent: of the span that is recorded, if one is: its trace counts.
    """
    request_id = trace_id = None
    for name, value in headers:
        if name == b"x-request-id":
            request_id = value if _REQUEST_ID.fullmatch(value) else request_id
        elif name == b"traceparent":
            match = _TRACEPARENT.fullmatch(value)
            trace_id = match[1] if match else trace_id
    new = f"{_generator.getrandbits(320):080x}"  # three ids at once
    trace = trace_id.decode() if trace_id else new[32:64]
    return Correlation(
        request_id.decode() if request_id else new[:32],
        traceparent or f"00-{trace}-{new[64:]}-00",
    )
