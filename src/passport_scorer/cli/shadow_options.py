"""Options shared by the commands of `passport-scorer shadow`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.settings.environment import process_environment
from passport_scorer.tools.shadow.http_client import checked_url

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Texts = Annotated[
    tuple[str, ...], Parameter(negative="", consume_multiple=False, show_default=False)
]


class InvalidOption(PassportScorerError):
    """The value of an option is invalid."""

    code = "invalid_option"


def checked_optional_url(url: str | None, option: str) -> str | None:
    """Return a base URL without a trailing slash, or None; raises InvalidTarget."""
    return None if url is None else checked_url(url, option)


def check_positive(**values: float | None) -> None:
    """Require options to be greater than 0 if given; raises InvalidOption."""
    for name, value in values.items():
        if value is not None and not value > 0:
            raise InvalidOption(f"--{name.replace('_', '-')}: expected a number greater than 0.")


def headers_of(options: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the headers for options NAME=VARIABLE; raises InvalidOption."""
    found = []
    for option in options:
        name, mark, variable = option.partition("=")
        value = process_environment().get(variable)
        if not (name and mark and value):
            raise InvalidOption(
                f"--header {name}: expected NAME=VARIABLE with a variable that is set."
            )
        found.append((name, value))
    return tuple(found)
