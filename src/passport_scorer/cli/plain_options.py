"""Reads plain options, so that a service can start without the parser of the other commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

_LONGEST_NUMBER = 9  # digits


def plain_options(command: Callable[..., None], words: Sequence[str]) -> dict[str, Any] | None:
    """Return the keyword arguments for a command, if its options leave no doubt.

    These are `--name value` and `--name=value`, once each, for parameters of the command that are
    texts or numbers. The parser in `commands.py` reads them in the same way, and everything else.

    Args:
        command: a function with keyword parameters of the types `str` and `int | None`, in a module
            whose annotations are texts.
        words: the command line behind the command's name.

    Returns:
        Parameter -> value; None: the parser has to read them.
    """
    found: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        if not equals:
            value = next(rest, "")
        name = option.removeprefix("--").replace("-", "_")
        if option != f"--{name.replace('_', '-')}" or name in found or value.startswith("-"):
            return None
        read = _value(command.__annotations__.get(name), value)
        if read is None:
            return None
        found[name] = read
    return found


def _value(kind: str | None, text: str) -> str | int | None:
    """Return the value of a text; None unless it is surely one of that kind."""
    if kind == "str":
        return text or None
    is_number = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER
    return int(text) if kind == "int | None" and is_number else None
