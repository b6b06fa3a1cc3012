"""The environment variable of a setting: its names, how it is read and shown, what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from passport_scorer.db.url import secured
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.settings.parsers import Expected, shown


class InvalidSetting(PassportScorerError):
    """A setting is missing or can't be read."""

    code = "invalid_setting"


class Variable:
    """The environment variable of a setting.

    Args:
        names: the variable; if there are several, the first that is set counts.
        read: from the text of the variable to the value; raises ValueError. An `Expected` says
            what was expected, any other is not shown, for it may hold the value.
        meaning: what it is, for operators.
        default: what stands for the default in tables; the value itself unless told.
        show: from the value to what operators may see of it; `hidden` for a secret.
    """

    def __init__(
        self,
        *names: str,
        read: Callable[[str], Any],
        meaning: str,
        default: str | None = None,
        show: Callable[[Any], str] = shown,
    ) -> None:
        self.names = names
        self.meaning = meaning
        self.default = default
        self.show = show
        self._read = read

    def chosen(self, environ: Mapping[str, str]) -> str | None:
        """Return the name that is set; None if none is. An empty one is as good as none."""
        return next((name for name in self.names if environ.get(name, "").strip()), None)

    def value(self, name: str, text: str) -> Any:
        """Return the value of the text of this variable.

        Raises:
            InvalidSetting: it can't be read; the message has nothing of the text.
        """
        check_text(name, text)
        try:
            return self._read(text)
        except ValueError as error:  # its own message may hold the value, which may be a secret
            expected = error.args[0] if isinstance(error, Expected) else "another value"
            raise InvalidSetting(f"{name}: expected {expected}.") from None


class DatabaseVariable(Variable):
    """The variable with the address of the database, which has errors of its own."""

    def value(self, name: str, text: str) -> Any:
        """Return the address of the text of this variable; raises InvalidDatabaseLocation."""
        check_text(name, text)
        return secured(text, name)


def check_text(name: str, text: str) -> None:
    """Refuse bytes that are no text: they could be neither logged nor sent.

    Raises:
        InvalidSetting: there are such.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidSetting(f"{name}: expected text in UTF-8.") from None
