"""Answers: JSON, and what an error looks like to a caller."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import structlog
from starlette.responses import Response

from passport_scorer.api.http.endpoint import Answer
from passport_scorer.api.http.error_help import STATUSES
from passport_scorer.api.http.error_reference import GENERAL_FAILURE
from passport_scorer.api.http.problems import InvalidRequest, Problems
from passport_scorer.auth.peer_limits import TooManyCalls
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.score_history import NoScoreFound

_JSON = msgspec.json.Encoder()

# What a caller who isn't let in may present. Source: RFC 9110, 11.6.1.
_CHALLENGES: Mapping[str, str] = {
    "unauthorized": 'InternalToken realm="passport-scorer"',
    "invalid_access_token": 'Bearer realm="passport-scorer"',
    "invalid_api_key": 'ApiKey realm="passport-scorer", header="X-API-Key"',
    "wrong_secret": 'ApiKey realm="passport-scorer", header="X-API-Key"',
}

log = structlog.get_logger()


class Detail(msgspec.Struct, frozen=True):
    """An error.

    Attributes:
        detail: a sentence that says what is wrong.
    """

    detail: str


class NoScore(msgspec.Struct, frozen=True):
    """No score was found.

    Attributes:
        detail: a sentence that says what is wrong.
        address: the address that was asked about, in lower case; left out if the scorer does
            not exist.
    """

    detail: str
    address: str | msgspec.UnsetType = msgspec.UNSET


def detail_answer(
    status: int, meaning: str, sentence: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """Describe an answer that is an error, for the OpenAPI document."""
    return Answer(status, meaning, Detail, Detail(sentence), headers or {})


def limited_answer(meaning: str) -> Answer:
    """Describe the answer to a peer that calls too often, for the OpenAPI document."""
    again = {"Retry-After": "Seconds to wait before the next try."}
    return detail_answer(429, meaning, "You have been rate limited!", again)


def general_answers() -> list[Answer]:
    """Describe what any endpoint that uses the database may answer."""
    again = {"Retry-After": "Seconds to wait before the next try."}
    return [
        detail_answer(500, "A fault of the service.", GENERAL_FAILURE),
        detail_answer(
            503, "Not now; try again.", "The database can't be reached right now.", again
        ),
    ]


def json_response(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with JSON."""
    return Response(_JSON.encode(content), status, headers, media_type="application/json")


def detail_response(detail: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Answer `{"detail": "<sentence>"}`."""
    return json_response(Detail(detail), status, headers)


def not_found() -> Response:
    """Answer that there is nothing here."""
    return detail_response("Not Found", 404)


def error_response(error: Exception) -> Response:
    """Answer with the sentence of an error that callers may know, or with a general one."""
    if isinstance(error, InvalidRequest):
        return json_response(Problems([error.problem]), 422)
    if isinstance(error, NoScoreFound):
        return json_response(NoScore(error.message, error.address), 404)
    status = STATUSES.get(error.code) if isinstance(error, PassportScorerError) else None
    if status is None:
        log.error("request_failed", error=type(error).__name__, exc_info=error)
        return detail_response(GENERAL_FAILURE, 500)
    assert isinstance(error, PassportScorerError)  # noqa: S101  others have no status
    return detail_response(error.message, status, _headers(error, status))


def _headers(error: PassportScorerError, status: int) -> dict[str, str]:
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = _CHALLENGES[error.code]
    elif status == 415:
        headers["Accept-Encoding"] = "identity"
    elif status == 503:
        headers["Retry-After"] = "1"
    elif isinstance(error, TooManyCalls):
        headers["Retry-After"] = str(error.retry_after)
    return headers
