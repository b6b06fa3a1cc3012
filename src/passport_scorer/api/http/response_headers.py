"""Headers that every answer has, whoever gives it: an endpoint, the server or the function."""

from __future__ import annotations

from collections.abc import Iterable

from passport_scorer.telemetry.correlation import Correlation

Headers = list[tuple[bytes, bytes]]

# What pages of other origins may read of an answer, beyond what browsers always let them.
EXPOSED_HEADERS = (
    *("RateLimit", "RateLimit-Policy", "Retry-After"),
    *("X-Request-ID", "traceparent", "WWW-Authenticate", "Link", "ETag"),
)


def answer_headers(correlation: Correlation, own: Iterable[tuple[bytes, bytes]] = ()) -> Headers:
    """Return the headers of an answer, its own first; names in lower case.

    Every answer names its request and its trace. It isn't to be kept unless it says for how long:
    most are about people, or are secrets.

    Args:
        correlation: the ids of the request.
        own: what the answer says itself.
    """
    headers = [
        *own,
        (b"x-request-id", correlation.request_id.encode()),
        (b"traceparent", correlation.traceparent.encode()),
    ]
    if not any(name == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"no-store"))
    return headers
