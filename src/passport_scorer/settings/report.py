"""The effective settings, for operators: value, source and meaning, without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from passport_scorer.settings.display import shown
from passport_scorer.settings.environment import process_environment, read_settings
from passport_scorer.settings.help import HELP
from passport_scorer.settings.model import Settings, variables


class EffectiveSetting(msgspec.Struct, frozen=True):
    """An effective setting, without secrets.

    Attributes:
        variable: the environment variable that sets it, or the first one that could.
        value: as operators see it.
        source: `environment` or `default`.
        meaning: what the setting does.
    """

    variable: str
    value: str
    source: str
    meaning: str


def effective_settings(environ: Mapping[str, str] | None = None) -> Iterator[EffectiveSetting]:
    """Yield each effective setting, secrets masked, in the order of the table.

    Raises:
        InvalidSetting, InvalidDatabaseLocation: see `read_settings`.
    """
    environ = process_environment() if environ is None else environ
    settings, defaults = read_settings(environ), Settings()
    for field, variable in variables().items():
        name = variable.chosen(environ)
        is_default = getattr(settings, field) == getattr(defaults, field)
        value = (
            default_of(field)
            if is_default and not name
            else variable.show(getattr(settings, field))
        )
        yield EffectiveSetting(
            name or variable.names[0],
            value,
            "environment" if name else "default",
            HELP[field].description,
        )


def default_of(field: str) -> str:
    """Return the default of a setting as tables show it."""
    value, default = getattr(Settings(), field), HELP[field].default
    if default is not None:
        return default
    return "none" if value is None or value == frozenset() else shown(value)
