"""One line of log for each request: who asked what, what came of it, how long it took.

Source: specification, operations.md ("Tracing, metrics, logs").
"""

from __future__ import annotations

import structlog
from starlette.types import Scope

from passport_scorer.domain.addresses import is_address
from passport_scorer.domain.errors import PassportScorerError

# Asked every few seconds by machines: a line of each would hide the others.
_PROBES = frozenset({"/health", "/health/", "/health/ready", "/metrics"})

log = structlog.get_logger()


def note_error(scope: Scope, error: Exception) -> None:
    """Have the log say why a request was refused or failed: the code of the error."""
    code = error.code if isinstance(error, PassportScorerError) else "internal_error"
    scope.setdefault("state", {})["error"] = code


def note_community(scope: Scope, community_id: int | None) -> None:
    """Have the log say in which community a score was asked for; None: there is none."""
    scope.setdefault("state", {})["community_id"] = community_id


def note_score(scope: Scope, community_id: int, *, passing: bool) -> None:
    """Have the log say which community an address was scored in, and whether the score passes."""
    note_community(scope, community_id)
    scope["state"]["outcome"] = "passing" if passing else "not_passing"


def log_request(scope: Scope, route: str | None, status: int, seconds: float) -> None:
    """Log how a request went: neither the secret of a key nor a query string is in it.

    Probes and scrapes that go well are logged at level debug, everything else at info.

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
        "community_id": state.get("community_id"),
        "outcome": state.get("outcome"),
        "error": state.get("error"),
    }
    shown = {name: value for name, value in fields.items() if value is not None}
    if route in _PROBES and status < 400:
        log.debug("request", **shown)
    else:
        log.info("request", **shown)


def _address(written: str) -> str:
    """What isn't an address may be a key that was put in the wrong place."""
    return written if is_address(written) else "(not an address)"
