"""Masking of secrets and credentials in reports."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

from passport_scorer.tools.shadow.comparison.differences import ABSENT, Difference
from passport_scorer.tools.shadow.comparison.json_values import JsonValue, json_text
from passport_scorer.tools.shadow.comparison.patterns import MatchState, initial_state
from passport_scorer.tools.shadow.comparison.rules import Part, Rulebook

_LONGEST = 300
_SECRET_HEADERS = frozenset({"x-api-key", "authorization", "cookie", "proxy-authorization"})
_SHORTEST_SECRET = 4
# Secrets that are recognized anywhere: JWTs, API keys, key hashes, signatures.
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
    r"|\b[A-Za-z0-9]{8}\.[A-Za-z0-9_-]{16,}"
    r"|\b(?:pbkdf2_)?sha256\$[^\s\"]+"
    r"|\b0x[0-9a-fA-F]{100,}"
    r"|\bv\d+\.\d+\.\d+:[A-Za-z0-9+/=]{16,}"
    r"|\w+://[^\s/@\"]*@[^\s\"]*"
)


class Masking:
    """Formats values without their secrets.

    A masked value is shown as its length and a keyed digest: equal values have equal digests
    within one report, but the digest reveals nothing outside it.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        self._masked: MatchState[bool] = initial_state([(each, True) for each in rulebook.masked])
        self._shown_parameters = frozenset(rulebook.shown_parameters)
        self._salt = secrets.token_bytes(16)

    def values(self, difference: Difference, known: Iterable[str] = ()) -> tuple[str, str]:
        """Return both sides of a difference, masked.

        Args:
            difference: the difference.
            known: secrets of the request, which a response can repeat.
        """
        keys = difference.pointer.split("/")[1:] if difference.part is Part.BODY else []
        state, hidden = self._masked, False
        for key in keys:
            state = state.descend(key.replace("~1", "/").replace("~0", "~"))
            hidden = hidden or bool(state.payloads)
        return (
            self._text(difference.control, state, known, hidden=hidden),
            self._text(difference.candidate, state, known, hidden=hidden),
        )

    def row(self, columns: Mapping[str, JsonValue]) -> str:
        """Describe a row by some of its columns, masked."""
        shown = self._shown(dict(columns), self._masked)
        return ", ".join(
            f"{name} {self.free_text(value if isinstance(value, str) else json_text(value))}"
            for name, value in shown.items()
        )

    def _text(
        self, value: Any, state: MatchState[bool], known: Iterable[str], *, hidden: bool
    ) -> str:
        if value is ABSENT:
            return repr(value)
        shown = self._hidden(value) if hidden else self._shown(value, state)
        text = json_text(shown) if not (hidden and isinstance(shown, str)) else shown
        text = self.free_text(text, known)
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

    def _shown(self, value: JsonValue, state: MatchState[bool]) -> JsonValue:
        if state.payloads:
            return self._hidden(value)
        if isinstance(value, dict):
            return {key: self._shown(item, state.descend(key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._shown(item, state.descend(str(i))) for i, item in enumerate(value)]
        return value

    def _hidden(self, value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return f"‹masked object of {len(value)}, {self._digest(json_text(value))}›"
        if isinstance(value, list):
            return f"‹masked array of {len(value)}, {self._digest(json_text(value))}›"
        if isinstance(value, str):
            return f"‹masked text of {len(value)}, {self._digest(value)}›"
        return value

    def _digest(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, key=self._salt, digest_size=4).hexdigest()

    def free_text(self, text: str, known: Iterable[str] = ()) -> str:
        """Mask everything in a text that looks like a secret or is a known one."""
        for secret in known:
            text = text.replace(secret, "‹masked›")
        text = _SECRET_TEXT.sub("‹masked›", text)
        return text.encode("utf-8", "backslashreplace").decode()

    def path(self, path: str, known: Iterable[str] = ()) -> str:
        """Return a path that shows only the values of harmless query parameters."""
        bare, mark, query = path.partition("?")
        shown = "&".join(
            f"{quote(name)}={quote(value, safe=':+/') if self._is_shown(name) else '***'}"
            for name, value in parse_qsl(query, keep_blank_values=True)
        )
        return self.free_text(bare + mark + shown, known)[: _LONGEST * 2]

    def _is_shown(self, name: str) -> bool:
        return name in self._shown_parameters


def secrets_of(headers: Iterable[tuple[str, str]]) -> list[str]:
    """Return the secrets in a request's headers, longest first."""
    found = set()
    for name, value in headers:
        if name.lower() in _SECRET_HEADERS:
            found |= {value, value.rpartition(" ")[2]}
    return sorted((each for each in found if len(each) >= _SHORTEST_SECRET), key=len, reverse=True)
