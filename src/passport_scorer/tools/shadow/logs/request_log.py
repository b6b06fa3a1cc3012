"""The log of this service: JSON lines with the event `request`.

It contains the template of the path and the values of its parameters, but no query. Source:
docs/operations.md, "Logs".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from passport_scorer.domain.addresses import is_address
from passport_scorer.tools.shadow.comparison.json_values import NotJson, json_value
from passport_scorer.tools.shadow.exchanges import Request
from passport_scorer.tools.shadow.logs.entry import LogEntry
from passport_scorer.tools.shadow.logs.errors import LineUnreadable
from passport_scorer.tools.shadow.logs.jsonl_format import method_of, path_of, time_of

EVENT = "request"
_PARAMETER = re.compile(r"\{(\w+)\}")


def read_line(line: bytes) -> LogEntry:
    """Parse a line; raises LineUnreadable, also for all other events."""
    try:
        fields = json_value(line)
    except NotJson:
        raise LineUnreadable("not a JSON object") from None
    if not isinstance(fields, dict) or fields.get("event") != EVENT or "route" not in fields:
        raise LineUnreadable("not a request event")
    path = _PARAMETER.sub(lambda match: _value(match[1], fields), path_of(fields["route"]))
    status = str(fields.get("status"))
    return LogEntry(
        Request(method_of(fields.get("method")), path, time=time_of(fields.get("timestamp"))),
        status=int(status) if re.fullmatch("[0-9]{3}", status) else None,
        has_body=False,
    )


def _value(parameter: str, fields: Mapping[str, Any]) -> str:
    """Return the value of a path parameter; raises LineUnreadable if it was not logged."""
    value = fields.get(parameter)
    if parameter == "scorer_id" and value is None:
        value = fields.get("community_id")
    text = str(value)
    is_known = is_address(text) if parameter == "address" else re.fullmatch(r"[\w-]{1,100}", text)
    if value is None or not is_known:
        raise LineUnreadable("the value of a path parameter was not logged")
    return text
