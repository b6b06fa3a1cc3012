"""Checks of the standard variables that OpenTelemetry's SDK reads itself.

Some malformed ones make the SDK fail on import or set-up, again in every worker. Others are logged
with their value, which may be a secret, and traces are lost silently.

Source: OpenTelemetry specification, "Environment Variable Specification" and "OTLP Exporter
Configuration".
"""

from __future__ import annotations

import math
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LIMITS = (
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
)
_BATCHES = (
    "OTEL_BSP_EXPORT_TIMEOUT",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_SCHEDULE_DELAY",
)
# Name and value of a header, as the SDK accepts them; the value can be percent-encoded.
_HEADER = re.compile(r"[!#-'*+\-.0-9A-Z^-z|~]+[ \t]*=[ !#-+\--:<-\[\]-~]*")


def malformed_variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the name of each malformed variable of OpenTelemetry, and what was expected.

    Args:
        environ: variable -> value. An empty variable counts as not set.
    """
    for name, (is_good, expected) in _VARIABLES.items():
        text = environ.get(name, "").strip()
        if text and not is_good(text):
            yield name, expected


def _is_count(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,18}", text) is not None


def _is_positive(text: str) -> bool:
    return _is_count(text) and int(text) > 0


def _is_seconds(text: str) -> bool:
    try:
        seconds = float(text)
    except ValueError:
        return False
    return math.isfinite(seconds) and seconds > 0


def _are_headers(text: str) -> bool:
    listed = [part.strip() for part in text.split(",") if part.strip()]
    return all(_HEADER.fullmatch(part) and unquote(part).isprintable() for part in listed)


def _are_attributes(text: str) -> bool:
    listed = [part for part in text.split(",") if part.strip()]
    return all(part.partition("=")[0].strip() and "=" in part for part in listed)


def _is_compression(text: str) -> bool:
    return text.lower() in ("none", "gzip", "deflate")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _are_authorities(path: str) -> bool:
    """Return True for a file with certificates, or a folder of such files."""
    try:
        if Path(path).is_dir():
            return True
        ssl.create_default_context(cafile=path)
    except OSError:  # missing, unreadable, or (ssl.SSLError) without certificates
        return False
    return True


def _is_readable(path: str) -> bool:
    try:
        with Path(path).open("rb"):
            return True
    except (OSError, ValueError):
        return False


_Check = tuple[Callable[[str], bool], str]
_HEADERS: _Check = (_are_headers, "a list of name=value, separated by commas")
_SECONDS: _Check = (_is_seconds, "a number of seconds above 0")
_COMPRESSION: _Check = (_is_compression, "none, gzip or deflate")
_AUTHORITIES: _Check = (_are_authorities, "the path of a readable file with certificates (PEM)")
_FILE: _Check = (_is_readable, "the path of a readable file")
_OTLP: Mapping[str, _Check] = {
    "HEADERS": _HEADERS,
    "TIMEOUT": _SECONDS,
    "COMPRESSION": _COMPRESSION,
    "CERTIFICATE": _AUTHORITIES,
    "CLIENT_KEY": _FILE,
    "CLIENT_CERTIFICATE": _FILE,
}
_VARIABLES: Mapping[str, _Check] = {
    **dict.fromkeys(_LIMITS, (_is_count, "a whole number from 0")),
    **dict.fromkeys(_BATCHES, (_is_positive, "a whole number from 1")),
    **{f"OTEL_EXPORTER_OTLP_{name}": check for name, check in _OTLP.items()},
    **{f"OTEL_EXPORTER_OTLP_TRACES_{name}": check for name, check in _OTLP.items()},
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": (_is_address, "http://… or https://…"),
    "OTEL_RESOURCE_ATTRIBUTES": (_are_attributes, "a list of key=value, separated by commas"),
}
VARIABLES = frozenset(_VARIABLES)
"""The names of the variables that are checked."""
