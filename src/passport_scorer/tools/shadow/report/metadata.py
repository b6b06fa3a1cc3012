"""The metadata of a report."""

from __future__ import annotations

import msgspec


class ReportMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The subjects of the comparison; contains no secrets.

    Attributes:
        title: the heading.
        control: the reference deployment.
        candidate: the deployment to test.
        source: the source of the requests; can be empty.
        unit: the plural of what was compared: exchanges, keys.
        times: what the times refer to.
        complete: False if the comparison was stopped early.
    """

    title: str
    control: str
    candidate: str
    source: str = ""
    unit: str = "exchanges"
    times: str = "of the requests"
    complete: bool = True
