"""Compares a response with the recorded one. The README of the recorded exchanges explains
each list of pointers.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]

ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
PYTHON_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00")
EVENT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
SCORE_KEYS = [
    "address", "score", "passing_score", "last_score_timestamp", "expiration_timestamp",
    "threshold", "error", "stamps", "points_data", "possible_points_data", "linked_score",
]  # fmt: skip


def kind(value: Any) -> str:
    """Return the JSON type of a value (1 and 1.0 are both numbers; true is not a number)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def show(value: Any, limit: int = 160) -> str:
    """Return a value as JSON, truncated to a length."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def matches(pointer: str, patterns: list[str]) -> bool:
    """Is this JSON pointer, or a parent of it, named by a pattern? '*' stands for one segment."""
    parts = pointer.split("/")
    for pattern in patterns:
        wanted = pattern.split("/")
        if len(wanted) <= len(parts) and all(
            w == "*" or w == p for w, p in zip(wanted, parts, strict=False)
        ):
            return True
    return False


class Comparison:
    """Collects the differences between an expected and an actual response."""

    def __init__(self, exchange: Json) -> None:
        self.volatile: list[str] = exchange.get("volatile", [])
        self.instants: list[str] = exchange.get("instants", [])
        self.unordered: list[str] = exchange.get("unordered", [])
        self.newest_first: list[str] = exchange.get("newest_first", [])
        self.links: list[str] = exchange.get("links", [])
        self.problems: list[str] = []

    def add(self, pointer: str, text: str) -> None:
        self.problems.append(f"{pointer or '/'}: {text}")

    def compare(self, pointer: str, expected: Any, actual: Any) -> None:
        if matches(pointer, self.links):
            self.compare_link(pointer, expected, actual)
        elif matches(pointer, self.instants):
            self.compare_instant(pointer, expected, actual)
        elif kind(expected) != kind(actual):
            self.add(pointer, f"expected {show(expected)}, got {show(actual)}")
        elif matches(pointer, self.volatile):
            self.compare_volatile(pointer, expected, actual)
        elif isinstance(expected, dict):
            self.compare_objects(pointer, expected, actual)
        elif isinstance(expected, list):
            self.compare_arrays(pointer, expected, actual)
        elif expected != actual:
            self.add(pointer, f"expected {show(expected)}, got {show(actual)}")

    def compare_objects(self, pointer: str, expected: Json, actual: Json) -> None:
        for key in expected.keys() - actual.keys():
            self.add(f"{pointer}/{key}", f"missing; expected {show(expected[key])}")
        for key in actual.keys() - expected.keys():
            self.add(f"{pointer}/{key}", f"unexpected: {show(actual[key])}")
        if list(expected) == SCORE_KEYS != list(actual) and actual.keys() == expected.keys():
            self.add(pointer, f"keys in another order: {', '.join(actual)}")
        for key in expected:
            if key in actual:
                self.compare(f"{pointer}/{key}", expected[key], actual[key])

    def compare_arrays(self, pointer: str, expected: list[Any], actual: list[Any]) -> None:
        if len(expected) != len(actual):
            self.add(pointer, f"expected {len(expected)} items, got {len(actual)}")
        if matches(pointer, self.newest_first):
            ids = [item.get("id") for item in actual if isinstance(item, dict)]
            if ids != sorted(ids, key=lambda n: (n is None, n), reverse=True):
                self.add(pointer, f"not newest first: ids {show(ids)}")
        if matches(pointer, self.unordered) or matches(pointer, self.newest_first):
            expected = sorted(expected, key=lambda item: self.sort_key(pointer, item))
            actual = sorted(actual, key=lambda item: self.sort_key(pointer, item))
        for i, (e, a) in enumerate(zip(expected, actual, strict=False)):
            self.compare(f"{pointer}/{i}", e, a)

    def sort_key(self, pointer: str, item: Any) -> str:
        if isinstance(item, dict):
            item = {k: v for k, v in item.items() if not matches(f"{pointer}/*/{k}", self.volatile)}
        return json.dumps(item, sort_keys=True)

    def compare_volatile(self, pointer: str, expected: Any, actual: Any) -> None:
        """Accept any value of the same JSON type; a time must have the same notation."""
        if isinstance(expected, str) and ISO_TIME.fullmatch(expected):
            strict = PYTHON_ISO.fullmatch(expected)
            if not (PYTHON_ISO if strict else ISO_TIME).fullmatch(actual):
                self.add(pointer, f"expected a time like {expected}, got {show(actual)}")

    def compare_instant(self, pointer: str, expected: Any, actual: Any) -> None:
        """Accept the same moment, in any ISO 8601 notation."""
        if expected is None or actual is None:
            if expected is not actual:
                self.add(pointer, f"expected {show(expected)}, got {show(actual)}")
            return
        try:
            same = datetime.fromisoformat(expected) == datetime.fromisoformat(actual)
        except (TypeError, ValueError):
            same = False
        if not same:
            self.add(pointer, f"expected the moment {show(expected)}, got {show(actual)}")

    def compare_link(self, pointer: str, expected: Any, actual: Any) -> None:
        """Accept the same page: path, limit, decoded token; any host and other parameters."""
        if not (isinstance(expected, str) and isinstance(actual, str)):
            if expected is not actual:
                self.add(pointer, f"expected {show(expected)}, got {show(actual)}")
            return
        e, a = urlsplit(expected), urlsplit(actual)
        if not (a.scheme and a.netloc):
            self.add(pointer, f"not an absolute URL: {show(actual)}")
        if e.path != a.path:
            self.add(pointer, f"expected the path {e.path}, got {a.path}")
        want, got = parse_qs(e.query), parse_qs(a.query)
        if want.get("limit") != got.get("limit"):
            self.add(pointer, f"expected limit {want.get('limit')}, got {got.get('limit')}")
        if decode_token(want) != decode_token(got):
            self.add(pointer, f"expected token {decode_token(want)}, got {decode_token(got)}")


def decode_token(query: dict[str, list[str]]) -> Any:
    """Return the decoded token of a page URL."""
    token = query.get("token", [""])[0]
    try:
        return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError:
        return token


def jwt_claims(token: str) -> Json:
    """Return the claims of a token, unverified."""
    part = token.split(".")[1]
    claims: Json = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def check_token(pointer: str, wanted: Json, answer: Any) -> Iterator[str]:
    """Compare the claims of an issued token; 'lifetime' is exp - iat in seconds."""
    try:
        token = answer
        for part in pointer.split("/")[1:]:
            token = token[part]
        claims = jwt_claims(token)
    except (KeyError, TypeError, IndexError, ValueError):
        yield f"{pointer}: not a JWT: {show(answer)}"
        return
    for name, value in wanted.items():
        got = (
            claims.get("exp", 0) - claims.get("iat", 0) if name == "lifetime" else claims.get(name)
        )
        if got != value:
            yield f"{pointer}: claim {name}: expected {show(value)}, got {show(got)}"


def compare_answer(exchange: Json, status: int, answer: Any) -> list[str]:
    """Return all differences between the recorded and the actual response, as readable lines."""
    problems = []
    if status != exchange["status"]:
        problems.append(f"status: expected {exchange['status']}, got {status}: {show(answer)}")
        return problems
    comparison = Comparison(exchange)
    comparison.compare("", exchange["answer"], answer)
    problems += comparison.problems
    if status == 422:
        problems += check_validation_error(answer)
    for pointer, wanted in exchange.get("jwt", {}).items():
        problems += check_token(pointer, wanted, answer)
    return problems


def check_validation_error(answer: Any) -> Iterator[str]:
    """Yield the errors in the entries of a 422."""
    detail = answer.get("detail") if isinstance(answer, dict) else None
    if isinstance(detail, list):
        for item in detail:
            if not (isinstance(item, dict) and {"type", "loc", "msg"} <= item.keys()):
                yield f"/detail: each entry has type, loc and msg; got {show(item)}"
