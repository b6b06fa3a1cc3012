"""Lossless JSON: numbers are decimals with all their digits."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

# The result of json_value: None, bool, str, Decimal, list or dict.
JsonValue = Any


class NotJson(ValueError):
    """The text is not JSON, or is ambiguous."""


def json_value(text: bytes | str) -> JsonValue:
    """Parse JSON; every number becomes a Decimal with all its digits.

    Raises:
        NotJson: invalid JSON, a duplicate key, NaN or Infinity, or nested too deeply.
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
    raise NotJson(f"{name} is not JSON")


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NotJson("an object has a duplicate key")
    return made


def kind_of(value: JsonValue) -> str:
    """Return the JSON type of a value; 1 and 1.0 are both numbers, true is not."""
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
    """Return the same text for all notations of a number: 1.0, 1 and 1e0 are `1`."""
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    if not text:
        return "0"
    stripped = text.rstrip("0")
    # Only finite numbers are parsed, so the exponent is an integer.
    power = int(exponent) + len(text) - len(stripped)
    return f"{'-' if sign else ''}{stripped}" + (f"e{power}" if power else "")


def json_text(value: JsonValue) -> str:
    """Serialize a value as JSON, its numbers with their original digits."""
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case Decimal():
            return str(value)
        case list():
            return "[" + ", ".join(map(json_text, value)) + "]"
    members = (f"{json.dumps(key, ensure_ascii=False)}: {json_text(value[key])}" for key in value)
    return "{" + ", ".join(members) + "}"
