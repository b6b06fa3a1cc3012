"""The differences that each `accept` of a rule allows."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from passport_scorer.tools.shadow.comparison.differences import ABSENT, DifferenceKind
from passport_scorer.tools.shadow.comparison.json_values import JsonValue, json_text, kind_of
from passport_scorer.tools.shadow.comparison.rules import Accept, Rule

_PAGE_PARAMETERS = ("limit", "token")
_DIGITS = re.compile(r"\d+(\.\d+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)")


def accepts(rule: Rule, kind: DifferenceKind, control: Any, candidate: Any) -> bool:
    """Return True if the rule expects this difference; its path is known to match."""
    return _conditions_hold(rule, kind, control, candidate) and _allows(
        rule.accept, kind, control, candidate
    )


def _conditions_hold(rule: Rule, kind: DifferenceKind, control: Any, candidate: Any) -> bool:
    if rule.kinds and kind not in rule.kinds:
        return False
    return _matches(rule.control, control) and _matches(rule.candidate, candidate)


def _matches(expression: str | None, value: Any) -> bool:
    if expression is None:
        return True
    text = "" if value is ABSENT else json_text(value)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _allows(accept: Accept, kind: DifferenceKind, control: Any, candidate: Any) -> bool:
    if accept is Accept.ANYTHING:
        return True
    if accept is Accept.ANY_ORDER:
        return kind is DifferenceKind.ORDER
    form = FORMS.get(accept)
    if form is None or control is ABSENT or candidate is ABSENT:
        return False
    wanted = form(control)
    return wanted is not None and wanted == form(candidate)


def _time_notation(value: JsonValue) -> str | None:
    """Describe the notation of a time: the digits of its fraction, and its zone.

    A whole second has no fraction; otherwise there are 3 digits before a Z, else 6. Source:
    docs/rules/http.md, "Timestamps": "with no fraction when it is zero".
    """
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return None
    zone, fraction = found["zone"], found["fraction"]
    digits = len(fraction) - 1 if fraction else (3 if zone == "Z" else 6)
    return f"<time .{digits} {zone}>"


def _moment(value: JsonValue) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return f"<moment {moment.timestamp():.6f}>" if moment.tzinfo else f"<local {moment}>"


def _without_numbers(value: JsonValue) -> str | None:
    return _DIGITS.sub("#", value) if isinstance(value, str) else None


def _media_type(value: JsonValue) -> str | None:
    if not isinstance(value, str):
        return None
    kind, *parameters = (part.strip().lower() for part in value.split(";"))
    return ";".join([kind, *(p for p in sorted(parameters) if p != "charset=utf-8")])


def _link(value: JsonValue) -> str | None:
    found = _path_and_query(value)
    return f"{found[0]}?{found[1]}" if found else None


def _page(value: JsonValue) -> str | None:
    found = _path_and_query(value)
    return f"{[pair for pair in found[1] if pair[0] in _PAGE_PARAMETERS]}" if found else None


def _path_and_query(value: JsonValue) -> tuple[str, list[tuple[str, str]]] | None:
    """Split an absolute URL; sort the query by name and decode cursors."""
    if not isinstance(value, str):
        return None
    try:
        parts = urlsplit(value)
        query = sorted((name, _token(text)) for name, text in parse_qsl(parts.query))
    except ValueError:
        return None
    return (parts.path, query) if parts.scheme and parts.netloc else None


def _token(text: str) -> str:
    """Normalize a cursor (JSON in base64); return any other text unchanged."""
    try:
        decoded = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return text
    return json.dumps(decoded, sort_keys=True) if isinstance(decoded, dict) else text


# Two values are accepted if they have the same form; None means the rule does not apply.
FORMS: dict[Accept, Callable[[JsonValue], str | None]] = {
    Accept.SAME_TYPE: lambda value: f"<{kind_of(value)}>",
    Accept.TIME: _time_notation,
    Accept.INSTANT: _moment,
    Accept.NUMBERS: _without_numbers,
    Accept.MEDIA_TYPE: _media_type,
    Accept.LINK: _link,
    Accept.PAGE: _page,
}
