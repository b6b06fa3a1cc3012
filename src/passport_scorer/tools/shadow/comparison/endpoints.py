"""The endpoint of a request; differences are grouped by it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"-?\d+")
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{1,64}")
_WORD = re.compile(r"[A-Za-z][A-Za-z._-]{0,40}")


class Endpoints:
    """Finds the template that matches a request.

    Args:
        templates: `METHOD /path/{name}`; the first match is used.
    """

    def __init__(self, templates: Sequence[str]) -> None:
        self._templates = [
            (template, re.compile(_expression(template), re.DOTALL)) for template in templates
        ]

    def name(self, method: str, path: str) -> str:
        """Return the matching template, or a generalized path so that classes stay few.

        Args:
            method: the method of the request.
            path: the path, with or without a query.
        """
        requested = f"{method.upper()} {path.partition('?')[0]}"
        for template, expression in self._templates:
            if expression.fullmatch(requested):
                return template
        return f"{method.upper()[:10]} " + _generalized(path.partition("?")[0])


def _expression(template: str) -> str:
    parts = re.split(r"(\{[^}]*\})", template)
    return "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts)


def _generalized(path: str) -> str:
    parts = path.split("/")[:12]
    return "/".join(_segment(part) for part in parts)


def _segment(part: str) -> str:
    if _NUMBER.fullmatch(part):
        return "{number}"
    if _ADDRESS.fullmatch(part):
        return "{address}"
    return part if not part or _WORD.fullmatch(part) else "{value}"
