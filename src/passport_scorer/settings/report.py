"""The settings as they are in effect, for operators: what, from where, and nothing secret."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import msgspec

from passport_scorer.settings.model import Settings, read_settings, variables
from passport_scorer.settings.parsers import shown


class EffectiveSetting(msgspec.Struct, frozen=True):
    """A setting as it is in effect, without secrets.

    Attributes:
        variable: its name; the first one if several can set it and none does.
        value: what operators may see of it.
        source: `environment` or `default`.
        meaning: what it is.
    """

    variable: str
    value: str
    source: str
    meaning: str


def effective_settings(environ: Mapping[str, str] | None = None) -> Iterator[EffectiveSetting]:
    """Give each setting as it is in effect, secrets masked, in the order of the table.

    Raises:
        InvalidSetting, InvalidDatabaseLocation: see `read_settings`.
    """
    environ = os.environ if environ is None else environ
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
            variable.meaning,
        )


def default_of(field: str) -> str:
    """Return how tables show the default of a setting."""
    variable = variables()[field]
    value = getattr(Settings(), field)
    if variable.default is not None:
        return variable.default
    return "none" if value is None or value == frozenset() else shown(value)
