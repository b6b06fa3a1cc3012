"""Options that the commands of `passport-scorer shadow` have in common."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.settings.environment import process_environment
from passport_scorer.tools.shadow.http_client import checked_url

Flag = Annotated[bool, Parameter(negative="")]
Texts = Annotated[tuple[str, ...], Parameter(negative="", consume_multiple=False)]


class NotConfirmed(PassportScorerError):
    """Something that can do harm was asked for, without its confirmation."""

    code = "not_confirmed"


class InvalidOption(PassportScorerError):
    """An option can't be used."""

    code = "invalid_option"


def checked_or_none(url: str | None, option: str) -> str | None:
    """Return a base URL, if there is one; raises InvalidTarget."""
    return None if url is None else checked_url(url, option)


def check_positive(**values: float | None) -> None:
    """Refuse options that make no sense unless they are more than 0; raises InvalidOption."""
    for name, value in values.items():
        if value is not None and not value > 0:
            raise InvalidOption(f"--{name.replace('_', '-')}: expected more than 0.")


def headers_of(options: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the headers that options NAME=VARIABLE ask for; raises InvalidOption."""
    found = []
    for option in options:
        name, mark, variable = option.partition("=")
        value = process_environment().get(variable)
        if not (name and mark and value):
            raise InvalidOption(
                f"--header {name}: expected NAME=VARIABLE, with that variable in the environment."
            )
        found.append((name, value))
    return tuple(found)
