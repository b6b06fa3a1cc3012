"""Choose between HTML and JSON. Source: RFC 9110, section 12.5.1 ("Accept")."""

from __future__ import annotations

import re

from starlette.requests import Request

_HTML = ("text/html", "text/*", "*/*")
_JSON = ("application/json", "application/*", "*/*")
_QUALITY = re.compile(r"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)


def prefers_json(request: Request) -> bool:
    """Return True if `Accept` ranks JSON above HTML; unreadable parts of it are ignored."""
    accepted = _ranges(",".join(request.headers.getlist("accept")))
    return _rank(accepted, _JSON) > _rank(accepted, _HTML)


def _ranges(header: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for entry in header.split(","):
        kind, *parameters = entry.split(";")
        matches = [match for each in parameters if (match := _QUALITY.fullmatch(each))]
        found[kind.strip().lower()] = float(matches[0][1]) if matches else 1.0
    return found


def _rank(accepted: dict[str, float], ranges: tuple[str, ...]) -> float:
    """Return the quality of the most specific range that is accepted."""
    return next((accepted[each] for each in ranges if each in accepted), 0.0)
