"""One line of log for each request: who asked what, what came of it, how long it took."""

from __future__ import annotations

import structlog
from starlette.types import Scope

log = structlog.get_logger()


def log_request(scope: Scope, route: str | None, status: int, seconds: float) -> None:
    """Log how a request went: neither the secret of a key nor a query string is in it.

    Args:
        scope: of the request.
        route: the template of its path; None if there is no such path.
        status: of the answer.
        seconds: that it took.
    """
    parameters, state = scope.get("path_params", {}), scope.get("state", {})
    fields = {
        "method": scope["method"],
        "route": route,
        "status": status,
        "duration_ms": round(seconds * 1000, 2),
        "address": parameters.get("address", "")[:42] or state.get("caller"),
        "api_key_prefix": state.get("api_key_prefix"),
    }
    log.info("request", **{name: value for name, value in fields.items() if value is not None})
