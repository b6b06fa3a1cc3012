"""Derive the error responses of the OpenAPI documents from the classes that can be raised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from passport_scorer.api.http.endpoint import ResponseDoc
from passport_scorer.api.http.error_help import help_of
from passport_scorer.api.http.error_reference import ErrorHelp
from passport_scorer.api.http.errors import (
    BodyTooLong,
    Detail,
    ErrorClasses,
    InvalidRequest,
    NoScore,
    Problem,
    Problems,
    UnsupportedEncoding,
)
from passport_scorer.api.operations.examples import ADDRESS
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.score_history import NoScoreFound

EXAMPLE_CREATED_AT = "2026-02-01T00:00:00Z"
BODY_ERRORS: ErrorClasses = (BodyTooLong, UnsupportedEncoding, InvalidRequest)

# Errors whose body is more than a sentence. Each type also holds a sentence alone, so that it
# describes the other errors of the same status, too.
_BODIES: Mapping[str, tuple[Any, Any]] = {
    NoScoreFound.code: (
        NoScore,
        NoScore(f"No Score Found for {ADDRESS} at {EXAMPLE_CREATED_AT}", ADDRESS),
    ),
    InvalidRequest.code: (
        Problems,
        Problems([Problem("missing", ["query", "created_at"], "The parameter is missing.")]),
    ),
}
_HEADERS: Mapping[int, Mapping[str, str]] = {
    415: {"Accept-Encoding": "`identity`: the only supported coding."},
    429: {"Retry-After": "Seconds to wait before retrying."},
    503: {"Retry-After": "Seconds to wait before retrying."},
}


def error_responses(errors: Iterable[type[PassportScorerError]]) -> list[ResponseDoc]:
    """Describe the responses of these errors, one for each status, in ascending order.

    Args:
        errors: all classes that can be raised; of one status, the first makes the example.
    """
    rows = sorted(dict.fromkeys(map(help_of, errors)), key=lambda row: row.status)
    return [
        _response(status, list(group)) for status, group in groupby(rows, lambda row: row.status)
    ]


def _response(status: int, rows: Sequence[ErrorHelp]) -> ResponseDoc:
    sentence = rows[0].sentences[0].replace("…", "1")
    plain = (Detail, Detail(sentence))
    body, example = next((_BODIES[row.code] for row in rows if row.code in _BODIES), plain)
    return ResponseDoc(status, _description(rows), body, example, _HEADERS.get(status, {}))


def _description(rows: Sequence[ErrorHelp]) -> str:
    if len(rows) == 1:
        return rows[0].meaning
    return "\n".join(f"- {_said(row)}: {_first_sentence(row.meaning)}" for row in rows)


def _said(row: ErrorHelp) -> str:
    return "A list in `detail`" if row.sentences == ("…",) else f"`{row.sentences[0]}`"


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].removesuffix(".") + "."
