"""Logs: one JSON object a line on standard error, or readable text on a terminal."""

from __future__ import annotations

import logging
import sys
from typing import Any

import msgspec
import structlog


def configure_logs(*, environment: str, readable: bool) -> None:
    """Set up the logs of this process.

    Args:
        environment: the name of the deployment; a field of each event.
        readable: coloured text for people instead of JSON for machines.
    """
    processors: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if readable:
        processors.append(structlog.dev.ConsoleRenderer())
        factory: Any = structlog.PrintLoggerFactory(sys.stderr)
    else:
        processors.append(_with_environment(environment))
        processors.append(structlog.processors.format_exc_info)
        processors.append(structlog.processors.JSONRenderer(_json))
        factory = structlog.BytesLoggerFactory(sys.stderr.buffer)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )


def _with_environment(environment: str) -> Any:
    def add(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
        event["environment"] = environment
        return event

    return add


def _json(event: dict[str, Any], **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
