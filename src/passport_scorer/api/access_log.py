"""One line of log for each request: who asked what, what came of it, how long it took."""

from __future__ import annotations

import structlog
from starlette.types import Scope

from passport_scorer.domain.addresses import is_address
from passport_scorer.domain.errors import PassportScorerError

log = structlog.get_logger()


def note_error(scope: Scope, error: Exception) -> None:
    """Have the log say why a request was refused or failed: the code of the error."""
    code = error.code if isinstance(error, PassportScorerError) else "internal_error"
    scope.setdefault("state", {})["error"] = code


def log_request(scope: Scope, route: str | None, status: int, seconds: float) -> None:
    """Log how a request went: neither the secret of a key nor a query string is in it.

    Args:
        scope: of the request.
        route: the template of its path; None if there is no such path.
        status: of the answer.
        seconds: that it took.
    """
    parameters, state = scope.get("path_params", {}), scope.get("state", {})
    caller = state.get("caller")
    fields = {
        "method": scope["method"],
        "route": route,
        "status": status,
        "duration_ms": round(seconds * 1000, 2),
        "address": _address(parameters["address"]) if "address" in parameters else caller,
        "api_key_prefix": state.get("api_key_prefix"),
        "error": state.get("error"),
    }
    log.info("request", **{name: value for name, value in fields.items() if value is not None})


def _address(written: str) -> str:
    """What isn't an address may be a key that was put in the wrong place."""
    return written if is_address(written) else "(not an address)"
