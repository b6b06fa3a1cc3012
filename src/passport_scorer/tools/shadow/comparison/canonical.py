"""One text for all values that the rules hold for the same, to find equal items of arrays."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as _quoted

from passport_scorer.tools.shadow.comparison.acceptance import FORMS
from passport_scorer.tools.shadow.comparison.json_values import JsonValue, number_text
from passport_scorer.tools.shadow.comparison.patterns import Place
from passport_scorer.tools.shadow.comparison.rules import Accept, Rule

_WORDS = {None: "null", True: "true", False: "false"}


def canonical(value: JsonValue, place: Place[Rule]) -> str:
    """Return a text that two values have in common if nothing but expected things differ.

    Rules with conditions are left out, so values that only such a rule holds for the same may
    have different texts.
    """
    if isinstance(value, list):
        return _array(value, place)
    if isinstance(value, dict):
        return _object(value, place)
    text = None if place.empty else _form(value, place)
    return _scalar(value) if text is None else text


def _array(value: list[JsonValue], place: Place[Rule]) -> str:
    if place.empty:
        return "[" + ",".join(canonical(item, place) for item in value) + "]"
    text = _form(value, place)
    if text is not None:
        return text
    items = [canonical(item, place.below(str(i))) for i, item in enumerate(value)]
    return "[" + ",".join(sorted(items) if any_order_rule(place) else items) + "]"


def _object(value: dict[str, JsonValue], place: Place[Rule]) -> str:
    text = None if place.empty else _form(value, place)
    if text is not None:
        return text
    ordered = not place.empty and key_order_rule(place)
    keys = list(value) if ordered else sorted(value)
    members = []
    for key in keys:
        member = canonical(value[key], place.below(key))
        members.append(f"{_quoted(key)}:{member}")
    return "{" + ",".join(members) + "}"


def _form(value: JsonValue, place: Place[Rule]) -> str | None:
    for rule in place.meanings:
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
        return _WORDS[value]
    return number_text(value)


def any_order_rule(place: Place[Rule]) -> Rule | None:
    """Return the rule by which the array here has no order."""
    return next((rule for rule in place.meanings if rule.accept is Accept.ANY_ORDER), None)


def key_order_rule(place: Place[Rule]) -> Rule | None:
    """Return the rule by which the object's keys here have an order."""
    return next((rule for rule in place.meanings if rule.accept is Accept.KEY_ORDER), None)
