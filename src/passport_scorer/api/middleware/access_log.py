"""Log one line per request: the caller, the route, the outcome, and the duration.

Source: docs/rules/deployment.md, "Telemetry".
"""

from __future__ import annotations

from starlette.types import Scope

from passport_scorer.domain.addresses import is_address
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.telemetry.logger import log

# Machines request these every few seconds; at level info they would drown out the rest.
_PROBES = frozenset({"/health", "/health/", "/health/ready", "/metrics"})


def note_error(scope: Scope, error: Exception) -> None:
    """Record for the access log why a request was rejected or failed: the error code."""
    code = error.code if isinstance(error, PassportScorerError) else "internal_error"
    scope.setdefault("state", {})["error"] = code


def note_community(scope: Scope, community_id: int | None) -> None:
    """Record for the access log the community of a requested score, if it exists."""
    scope.setdefault("state", {})["community_id"] = community_id


def note_score(scope: Scope, community_id: int, *, passing: bool) -> None:
    """Record for the access log the community of a score, and whether the score passes."""
    note_community(scope, community_id)
    scope["state"]["outcome"] = "passing" if passing else "not_passing"


def log_request(scope: Scope, route: str | None, status: int, seconds: float) -> None:
    """Log a request, without secrets of keys and without the query string.

    Successful probes and scrapes are logged at level debug, everything else at info.

    Args:
        scope: the ASGI scope of the request.
        route: the route template; None if no route matched.
        status: the status of the response.
        seconds: the duration.
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
    """Hide anything but an address: it could be a key in the wrong place."""
    return written if is_address(written) else "(not an address)"
