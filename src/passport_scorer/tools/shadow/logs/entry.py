"""A log entry: a request, possibly with its response."""

from __future__ import annotations

import msgspec

from passport_scorer.tools.shadow.comparison.responses import ReceivedResponse
from passport_scorer.tools.shadow.exchanges import Request


class LogEntry(msgspec.Struct, frozen=True):
    """A recorded request.

    Attributes:
        request: the request.
        response: the response; None if not recorded.
        status: the status of the response; None if not recorded.
        has_body: False if the log has no bodies, so that only GET and HEAD are complete.
    """

    request: Request
    response: ReceivedResponse | None = None
    status: int | None = None
    has_body: bool = True
