"""A request sent to both deployments, and its outcome."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from passport_scorer.tools.shadow.comparison.responses import ReceivedResponse


class Request(msgspec.Struct, frozen=True):
    """A request as a client sent it.

    Attributes:
        method: the method in upper case.
        path: the path with its query, percent-encoded as it was sent.
        headers: (name, value) in order, including secrets.
        body: the body as it was sent.
        time: seconds since 1970; None if not recorded.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    time: float | None = None


class Failure(msgspec.Struct, frozen=True):
    """A request that got no response.

    Attributes:
        reason: a few words without addresses or secrets: differences are grouped by it.
        seconds: the time until the failure.
    """

    reason: str
    seconds: float | None = None


Outcome = ReceivedResponse | Failure


def is_read(method: str, endpoint: str, reads: Collection[str]) -> bool:
    """Return True if a request can be sent without `--writes`.

    Args:
        method: the method in upper case.
        endpoint: the template of the endpoint.
        reads: templates that are reads although they are neither GET nor HEAD.
    """
    return method in {"GET", "HEAD"} or endpoint in reads
