"""What a report may show: everything but secrets and credentials."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

from passport_scorer.tools.shadow.comparison.differences import ABSENT, Difference
from passport_scorer.tools.shadow.comparison.json_values import JsonValue, json_text
from passport_scorer.tools.shadow.comparison.patterns import Place, root_place
from passport_scorer.tools.shadow.comparison.rules import Part, Rulebook

_LONGEST = 300
_SECRET_HEADERS = frozenset({"x-api-key", "authorization", "cookie", "proxy-authorization"})
_SHORTEST_SECRET = 4
# Texts that are secrets wherever they stand: JWTs, API keys, hashes of keys, signatures.
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
    r"|\b[A-Za-z0-9]{8}\.[A-Za-z0-9_-]{16,}"
    r"|\b(?:pbkdf2_)?sha256\$[^\s\"]+"
    r"|\b0x[0-9a-fA-F]{100,}"
    r"|\bv\d+\.\d+\.\d+:[A-Za-z0-9+/=]{16,}"
    r"|\w+://[^\s/@\"]*@[^\s\"]*"
)


class Masking:
    """Writes values for people, without what nobody may read.

    A masked value is shown by its length and by a few digits that are the same for the same
    value within one report, and mean nothing outside of it.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        self._places: Place[bool] = root_place([(each, True) for each in rulebook.masked])
        self._shown_parameters = frozenset(rulebook.shown_parameters)
        self._salt = secrets.token_bytes(16)

    def values(self, difference: Difference, known: Iterable[str] = ()) -> tuple[str, str]:
        """Return what may be shown of both sides of a difference.

        Args:
            difference: what differs.
            known: secrets of the request, which an answer may repeat.
        """
        keys = difference.pointer.split("/")[1:] if difference.part is Part.BODY else []
        place, hidden = self._places, False
        for key in keys:
            place = place.below(key.replace("~1", "/").replace("~0", "~"))
            hidden = hidden or bool(place.meanings)
        return (
            self._text(difference.control, place, known, hidden=hidden),
            self._text(difference.candidate, place, known, hidden=hidden),
        )

    def row(self, columns: Mapping[str, JsonValue]) -> str:
        """Name a row by some of its columns."""
        shown = self._shown(dict(columns), self._places)
        return ", ".join(
            f"{name} {self.free_text(value if isinstance(value, str) else json_text(value))}"
            for name, value in shown.items()
        )

    def _text(self, value: Any, place: Place[bool], known: Iterable[str], *, hidden: bool) -> str:
        if value is ABSENT:
            return repr(value)
        shown = self._hidden(value) if hidden else self._shown(value, place)
        text = json_text(shown) if not (hidden and isinstance(shown, str)) else shown
        text = self.free_text(text, known)
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

    def _shown(self, value: JsonValue, place: Place[bool]) -> JsonValue:
        if place.meanings:
            return self._hidden(value)
        if isinstance(value, dict):
            return {key: self._shown(item, place.below(key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._shown(item, place.below(str(i))) for i, item in enumerate(value)]
        return value

    def _hidden(self, value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return f"‹masked object of {len(value)}, {self._mark(json_text(value))}›"
        if isinstance(value, list):
            return f"‹masked array of {len(value)}, {self._mark(json_text(value))}›"
        if isinstance(value, str):
            return f"‹masked text of {len(value)}, {self._mark(value)}›"
        return value

    def _mark(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, key=self._salt, digest_size=4).hexdigest()

    def free_text(self, text: str, known: Iterable[str] = ()) -> str:
        """Return a text without anything that looks like a secret, or is one of these."""
        for secret in known:
            text = text.replace(secret, "‹masked›")
        text = _SECRET_TEXT.sub("‹masked›", text)
        return text.encode("utf-8", "backslashreplace").decode()

    def path(self, path: str, known: Iterable[str] = ()) -> str:
        """Return a path whose query shows the values of known parameters alone."""
        bare, mark, query = path.partition("?")
        shown = "&".join(
            f"{quote(name)}={quote(value, safe=':+/') if self._is_shown(name) else '***'}"
            for name, value in parse_qsl(query, keep_blank_values=True)
        )
        return self.free_text(bare + mark + shown, known)[: _LONGEST * 2]

    def _is_shown(self, name: str) -> bool:
        return name in self._shown_parameters


def secrets_of(headers: Iterable[tuple[str, str]]) -> list[str]:
    """Return the secrets in a request's headers, the longest first."""
    found = set()
    for name, value in headers:
        if name.lower() in _SECRET_HEADERS:
            found |= {value, value.rpartition(" ")[2]}
    return sorted((each for each in found if len(each) >= _SHORTEST_SECRET), key=len, reverse=True)
