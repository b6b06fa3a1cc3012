"""Two answers to the same request, compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from passport_scorer.tools.shadow.comparison.differences import ABSENT, Difference, Kind
from passport_scorer.tools.shadow.comparison.json_values import JsonValue, NotJson, json_value
from passport_scorer.tools.shadow.comparison.rules import Part, Rulebook
from passport_scorer.tools.shadow.comparison.values import compare_values

NOT_JSON: Final = object()


class Answer(msgspec.Struct, frozen=True):
    """What came back.

    Attributes:
        status: of HTTP.
        headers: names in any case, and values, in their order; None: not recorded.
        body: decoded: neither compressed nor in chunks.
        seconds: from the request to the end of the answer.
    """

    status: int
    headers: Sequence[tuple[str, str]] | None = ()
    body: bytes = b""
    seconds: float | None = None


def compare_answers(
    control: Answer, candidate: Answer, endpoint: str, rulebook: Rulebook
) -> list[Difference]:
    """Return all differences between two answers, expected ones with their rule.

    Where the status differs, that is the difference: headers and bodies of an error and of a
    success have nothing to say about each other.
    """
    statuses = compare_values(
        json_value(str(control.status)),
        json_value(str(candidate.status)),
        rulebook.subject(endpoint, Part.STATUS, 0),
        Part.STATUS,
    )
    if statuses:
        return statuses
    return _headers(control, candidate, endpoint, rulebook) + _bodies(
        control, candidate, endpoint, rulebook
    )


def _headers(
    control: Answer, candidate: Answer, endpoint: str, rulebook: Rulebook
) -> list[Difference]:
    if control.headers is None or candidate.headers is None:
        return []
    return compare_values(
        _compared_headers(control.headers, rulebook.headers),
        _compared_headers(candidate.headers, rulebook.headers),
        rulebook.subject(endpoint, Part.HEADER, control.status),
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
    control: Answer, candidate: Answer, endpoint: str, rulebook: Rulebook
) -> list[Difference]:
    if control.body == candidate.body:
        return []
    subject = rulebook.subject(endpoint, Part.BODY, control.status)
    documents: tuple[JsonValue, JsonValue] = _document(control.body), _document(candidate.body)
    if NOT_JSON in documents and documents != (NOT_JSON, NOT_JSON):
        # A text and the JSON string of the same characters are not the same.
        return [Difference(Part.BODY, "", "", Kind.TYPE, _text(control), _text(candidate))]
    if NOT_JSON in documents:
        documents = _text(control), _text(candidate)
    return compare_values(documents[0], documents[1], subject)


def _document(body: bytes) -> JsonValue:
    """The JSON of a body, NOT_JSON for another text, ABSENT where there is none."""
    if not body:
        return ABSENT
    try:
        return json_value(body)
    except NotJson:
        return NOT_JSON


def _text(answer: Answer) -> str:
    """The body as text; no two bodies become the same."""
    return answer.body.decode("utf-8", "surrogateescape")


def no_answer(why: str) -> Difference:
    """Return the difference that the candidate didn't answer at all.

    Args:
        why: a few words, without addresses and secrets: it is part of the class.
    """
    return Difference(Part.STATUS, "", "", Kind.NO_ANSWER, ABSENT, why)
