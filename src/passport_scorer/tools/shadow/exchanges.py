"""A request that is sent to both, and what came back."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from passport_scorer.tools.shadow.comparison.responses import Answer


class Request(msgspec.Struct, frozen=True):
    """A request as a client sent it.

    Attributes:
        method: upper case.
        path: with its query, percent-encoded as it was sent.
        headers: names and values, in their order; secrets are in them.
        body: as it was sent.
        time: seconds since 1970; None: not recorded.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    time: float | None = None


class Failure(msgspec.Struct, frozen=True):
    """There is no answer.

    Attributes:
        why: a few words; no address, no secret: differences are counted by it.
        seconds: after which it was given up.
    """

    why: str
    seconds: float | None = None


Outcome = Answer | Failure


def is_read(method: str, endpoint: str, reads: Collection[str]) -> bool:
    """Return True if a request may be sent twice without `--writes`.

    Args:
        method: upper case.
        endpoint: its template.
        reads: templates that are reads though they are neither GET nor HEAD.
    """
    return method in {"GET", "HEAD"} or endpoint in reads
