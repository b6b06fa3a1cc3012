"""JSON as it was written: numbers as decimals, nothing lost, nothing guessed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

# What json_value makes: None, bool, str, Decimal, list, dict. Any would say less.
JsonValue = Any


class NotJson(ValueError):
    """A text that isn't JSON, or not JSON with one meaning."""


def json_value(text: bytes | str) -> JsonValue:
    """Read JSON; every number becomes a Decimal with all its digits.

    Raises:
        NotJson: no JSON, a key twice in an object, NaN, or nested too deeply.
    """
    try:
        return json.loads(
            text,
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise NotJson(str(error)) from None


def _refuse_constant(name: str) -> None:
    raise NotJson(f"{name} is no JSON")


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NotJson("an object has a key twice")
    return made


def kind_of(value: JsonValue) -> str:
    """Return the JSON type of a value; 1 and 1.0 are both numbers, true is none."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case Decimal():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def number_text(number: Decimal) -> str:
    """Return one text for all notations of a number: 1.0, 1 and 1e0 are `1`."""
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    if not text:
        return "0"
    stripped = text.rstrip("0")
    # Only finite numbers are read, so the exponent is an integer.
    power = int(exponent) + len(text) - len(stripped)
    return f"{'-' if sign else ''}{stripped}" + (f"e{power}" if power else "")


def json_text(value: JsonValue) -> str:
    """Write a value as JSON, its numbers with the digits that they were read with."""
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case Decimal():
            return str(value)
        case list():
            return "[" + ", ".join(map(json_text, value)) + "]"
    members = (f"{json.dumps(key, ensure_ascii=False)}: {json_text(value[key])}" for key in value)
    return "{" + ", ".join(members) + "}"
