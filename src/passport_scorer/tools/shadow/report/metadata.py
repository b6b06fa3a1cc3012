"""What a report is about."""

from __future__ import annotations

import msgspec


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared; no secret is in it.

    Attributes:
        title: the heading.
        control: the one that is right.
        candidate: the one in question.
        source: where requests came from; empty: nowhere in particular.
        unit: what was compared, in the plural: exchanges, keys.
        times: whose times they are.
        complete: False if it was stopped before the end.
    """

    title: str
    control: str
    candidate: str
    source: str = ""
    unit: str = "exchanges"
    times: str = "of the requests"
    complete: bool = True
