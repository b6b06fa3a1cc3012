"""A line of a log: a request, and perhaps the answer that it got."""

from __future__ import annotations

import msgspec

from passport_scorer.tools.shadow.comparison.responses import Answer
from passport_scorer.tools.shadow.exchanges import Request


class Entry(msgspec.Struct, frozen=True):
    """A recorded request.

    Attributes:
        request: what was sent.
        answer: what came back; None: not recorded.
        status: at least the status; None: not recorded.
        has_body: False if the log has no bodies, so that only GET and HEAD are whole.
    """

    request: Request
    answer: Answer | None = None
    status: int | None = None
    has_body: bool = True
