"""Build responses: JSON, and errors as callers see them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from passport_scorer.api.http.error_help import STATUSES
from passport_scorer.api.http.errors import Detail, InternalError, InvalidRequest, NoScore, Problems
from passport_scorer.auth.peer_limits import TooManyCalls
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.score_history import NoScoreFound
from passport_scorer.telemetry.logger import log

_JSON = msgspec.json.Encoder()

# The credentials that a rejected caller can present. Source: RFC 9110, 11.6.1.
_CHALLENGES: Mapping[str, str] = {
    "unauthorized": 'InternalToken realm="passport-scorer"',
    "invalid_access_token": 'Bearer realm="passport-scorer"',
    "invalid_api_key": 'ApiKey realm="passport-scorer", header="X-API-Key"',
    "wrong_secret": 'ApiKey realm="passport-scorer", header="X-API-Key"',
}


def json_response(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Respond with JSON."""
    return Response(_JSON.encode(content), status, headers, media_type="application/json")


def detail_response(detail: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Respond `{"detail": "<sentence>"}`."""
    return json_response(Detail(detail), status, headers)


def error_response(error: Exception) -> Response:
    """Respond with the sentence of an error that callers may know, or with a general one."""
    if isinstance(error, InvalidRequest):
        return json_response(Problems([error.problem]), STATUSES[error.code])
    if isinstance(error, NoScoreFound):
        return json_response(NoScore(error.message, error.address), STATUSES[error.code])
    if not isinstance(error, PassportScorerError) or error.code not in STATUSES:
        log.error("request_failed", error=type(error).__name__, exc_info=error)
        error = InternalError()
    status = STATUSES[error.code]
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
