"""Headers of every response, whether from an endpoint, the server or the Lambda function."""

from __future__ import annotations

from collections.abc import Iterable

from passport_scorer.telemetry.correlation import Correlation

Headers = list[tuple[bytes, bytes]]

# Headers that pages of other origins can read, beyond those that browsers always allow.
EXPOSED_HEADERS = (
    *("RateLimit", "RateLimit-Policy", "Retry-After"),
    *("X-Request-ID", "traceparent", "WWW-Authenticate", "Link", "ETag"),
)


def answer_headers(correlation: Correlation, own: Iterable[tuple[bytes, bytes]] = ()) -> Headers:
    """Return the headers of a response, its own first; names in lower case.

    Every response names its request and its trace. It must not be cached unless it says for how
    long: most responses are about people or contain secrets.

    Args:
        correlation: the IDs of the request.
        own: the response's own headers.
    """
    headers = [
        *own,
        (b"x-request-id", correlation.request_id.encode()),
        (b"traceparent", correlation.traceparent.encode()),
    ]
    if not any(name == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"no-store"))
    return headers
