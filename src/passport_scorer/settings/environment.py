"""The one reader of environment variables.

No other module of the service looks at the environment, except `db/libpq_environment.py`: libpq's
own variables (`PG…`), which the driver reads too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any

from passport_scorer.db.url import InvalidDatabaseLocation
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.settings.model import Settings, variables
from passport_scorer.settings.variables import InvalidSetting


def process_environment() -> MutableMapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read every setting. An empty variable counts as not set.

    Args:
        environ: variable -> value; by default the environment of this process.

    Raises:
        InvalidSetting, InvalidDatabaseLocation: a variable is malformed; the message is one line
            that names it. If several are, one InvalidSetting has a line for each.
    """
    settings, problems = settings_and_problems(os.environ if environ is None else environ)
    raise_problems(problems)
    return settings


def read_database_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings that say which database, and how to connect; the others are defaults.

    Raises:
        InvalidSetting, InvalidDatabaseLocation: see `read_settings`.
    """
    return _read_fields(environ, [name for name in variables() if _is_about_database(name)])


def read_home(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the setting that says where the embedded database is; the others are defaults.

    Raises:
        InvalidSetting: see `read_settings`.
    """
    return _read_fields(environ, ["home"])


def settings_and_problems(
    environ: Mapping[str, str],
) -> tuple[Settings, list[PassportScorerError]]:
    """Return the settings, with the default for each malformed one, and an error for each."""
    return _settings_and_problems(environ, variables())


def raise_problems(problems: Sequence[PassportScorerError]) -> None:
    """Raise the only problem as it is, or one error with a line for each; return if none.

    Raises:
        InvalidSetting, InvalidDatabaseLocation: there are problems.
    """
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise InvalidSetting("\n".join(problem.message for problem in problems))


def _is_about_database(field: str) -> bool:
    return field == "home" or field.startswith("database_")


def _read_fields(environ: Mapping[str, str] | None, fields: Iterable[str]) -> Settings:
    settings, problems = _settings_and_problems(os.environ if environ is None else environ, fields)
    raise_problems(problems)
    return settings


def _settings_and_problems(
    environ: Mapping[str, str], fields: Iterable[str]
) -> tuple[Settings, list[PassportScorerError]]:
    values: dict[str, Any] = {}
    problems: list[PassportScorerError] = []
    for field in fields:
        variable = variables()[field]
        if name := variable.chosen(environ):
            try:
                values[field] = variable.value(name, environ[name].strip())
            except (InvalidSetting, InvalidDatabaseLocation) as error:
                problems.append(error)
    if variables()["database_url"].chosen(environ) == "RDS_PROXY_URL":
        values.setdefault("database_prepared_statements", False)
    return Settings(**values), problems
