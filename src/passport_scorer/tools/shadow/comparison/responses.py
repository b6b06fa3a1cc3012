"""Comparison of two responses to the same request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from passport_scorer.tools.shadow.comparison.differences import ABSENT, Difference, DifferenceKind
from passport_scorer.tools.shadow.comparison.json_values import JsonValue, NotJson, json_value
from passport_scorer.tools.shadow.comparison.rules import Part, Rulebook
from passport_scorer.tools.shadow.comparison.values import compare_values

NOT_JSON: Final = object()


class ReceivedResponse(msgspec.Struct, frozen=True):
    """A response, received now or recorded earlier.

    Attributes:
        status: the HTTP status.
        headers: (name, value) in order, names in any case; None if not recorded.
        body: the body without transfer or content encoding.
        seconds: the time from sending the request to the end of the response.
    """

    status: int
    headers: Sequence[tuple[str, str]] | None = ()
    body: bytes = b""
    seconds: float | None = None


def compare_responses(
    control: ReceivedResponse, candidate: ReceivedResponse, endpoint: str, rulebook: Rulebook
) -> list[Difference]:
    """Return all differences between two responses, expected ones with their rule.

    If the status differs, that is the only difference: comparing the headers and bodies of an
    error and a success is pointless.
    """
    statuses = compare_values(
        json_value(str(control.status)),
        json_value(str(candidate.status)),
        rulebook.part_rules(endpoint, Part.STATUS, 0),
        Part.STATUS,
    )
    if statuses:
        return statuses
    return _headers(control, candidate, endpoint, rulebook) + _bodies(
        control, candidate, endpoint, rulebook
    )


def _headers(
    control: ReceivedResponse, candidate: ReceivedResponse, endpoint: str, rulebook: Rulebook
) -> list[Difference]:
    if control.headers is None or candidate.headers is None:
        return []
    return compare_values(
        _compared_headers(control.headers, rulebook.headers),
        _compared_headers(candidate.headers, rulebook.headers),
        rulebook.part_rules(endpoint, Part.HEADER, control.status),
        Part.HEADER,
    )


def _compared_headers(
    headers: Iterable[tuple[str, str]], patterns: Sequence[str]
) -> dict[str, JsonValue]:
    compared: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        if any(fnmatchcase(lower, pattern.lower()) for pattern in patterns):
            compared[lower] = f"{compared[lower]}, {value}" if lower in compared else value
    return compared


def _bodies(
    control: ReceivedResponse, candidate: ReceivedResponse, endpoint: str, rulebook: Rulebook
) -> list[Difference]:
    if control.body == candidate.body:
        return []
    part_rules = rulebook.part_rules(endpoint, Part.BODY, control.status)
    documents: tuple[JsonValue, JsonValue] = _document(control.body), _document(candidate.body)
    if NOT_JSON in documents and documents != (NOT_JSON, NOT_JSON):
        # A text differs from a JSON string with the same characters.
        return [
            Difference(Part.BODY, "", "", DifferenceKind.TYPE, _text(control), _text(candidate))
        ]
    if NOT_JSON in documents:
        documents = _text(control), _text(candidate)
    return compare_values(documents[0], documents[1], part_rules)


def _document(body: bytes) -> JsonValue:
    """Parse a body: NOT_JSON if it is not JSON, ABSENT if it is empty."""
    if not body:
        return ABSENT
    try:
        return json_value(body)
    except NotJson:
        return NOT_JSON


def _text(response: ReceivedResponse) -> str:
    """Decode a body without losing bytes."""
    return response.body.decode("utf-8", "surrogateescape")


def no_response(reason: str) -> Difference:
    """Return the difference for a candidate that did not respond.

    Args:
        reason: a few words without addresses or secrets: differences are grouped by it.
    """
    return Difference(Part.STATUS, "", "", DifferenceKind.NO_ANSWER, ABSENT, reason)
