"""Checks before the service starts that the public can't reach `/internal/*` without a token.

Source: docs/rules/authentication.md, "The internal network".
"""

from __future__ import annotations

import socket

from passport_scorer.server.sockets import is_loopback
from passport_scorer.settings.model import Settings
from passport_scorer.settings.variables import InvalidSetting
from passport_scorer.telemetry.logger import log


def check_internal_network(
    settings: Settings, public: socket.socket, internal: socket.socket | None
) -> None:
    """Refuse to serve internal endpoints to the public without a token; else log a warning.

    Args:
        settings: the token, and whether the public listener serves internal endpoints.
        public: the public listener.
        internal: the internal listener, if any.

    Raises:
        InvalidSetting: the public could call internal endpoints.
    """
    if settings.cgrants_api_token is not None:
        return
    unprotected = [internal] if internal else []
    if settings.internal_on_public_listener:
        if not is_loopback(public):
            raise InvalidSetting(
                "INTERNAL_ON_PUBLIC_LISTENER: needs CGRANTS_API_TOKEN, "
                "or a public listener that only this machine can reach."
            )
        unprotected.append(public)
    if unprotected:
        log.warning(
            "internal_endpoints_need_no_token",
            reason="CGRANTS_API_TOKEN is not set",
            reachable_at=[_address(listener) for listener in unprotected],
        )


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"{host} port {port}"
