"""A canonical text for values that the rules treat as equal, to pair items of arrays."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as _quoted

from passport_scorer.tools.shadow.comparison.acceptance import FORMS
from passport_scorer.tools.shadow.comparison.json_values import JsonValue, number_text
from passport_scorer.tools.shadow.comparison.patterns import MatchState
from passport_scorer.tools.shadow.comparison.rules import Accept, Rule

_LITERALS = {None: "null", True: "true", False: "false"}


def canonical(value: JsonValue, state: MatchState[Rule]) -> str:
    """Return a text that is the same for two values with only expected differences.

    Conditional rules are ignored, so values that only such a rule treats as equal can have
    different texts.
    """
    if isinstance(value, list):
        return _array(value, state)
    if isinstance(value, dict):
        return _object(value, state)
    text = None if state.empty else _form(value, state)
    return _scalar(value) if text is None else text


def _array(value: list[JsonValue], state: MatchState[Rule]) -> str:
    if state.empty:
        return "[" + ",".join(canonical(item, state) for item in value) + "]"
    text = _form(value, state)
    if text is not None:
        return text
    items = [canonical(item, state.descend(str(i))) for i, item in enumerate(value)]
    return "[" + ",".join(sorted(items) if any_order_rule(state) else items) + "]"


def _object(value: dict[str, JsonValue], state: MatchState[Rule]) -> str:
    text = None if state.empty else _form(value, state)
    if text is not None:
        return text
    ordered = not state.empty and key_order_rule(state)
    keys = list(value) if ordered else sorted(value)
    members = []
    for key in keys:
        member = canonical(value[key], state.descend(key))
        members.append(f"{_quoted(key)}:{member}")
    return "{" + ",".join(members) + "}"


def _form(value: JsonValue, state: MatchState[Rule]) -> str | None:
    for rule in state.payloads:
        if rule.conditional:
            continue
        if rule.accept is Accept.ANYTHING:
            return "<anything>"
        if (form := FORMS.get(rule.accept)) and (text := form(value)) is not None:
            return text
    return None


def _scalar(value: JsonValue) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return _LITERALS[value]
    return number_text(value)


def any_order_rule(state: MatchState[Rule]) -> Rule | None:
    """Return the rule that makes the order of this array irrelevant, if any."""
    return next((rule for rule in state.payloads if rule.accept is Accept.ANY_ORDER), None)


def key_order_rule(state: MatchState[Rule]) -> Rule | None:
    """Return the rule that makes the order of this object's keys matter, if any."""
    return next((rule for rule in state.payloads if rule.accept is Accept.KEY_ORDER), None)
