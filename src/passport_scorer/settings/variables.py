"""The environment variable behind a setting: its names, and how its value is read and shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from passport_scorer.db.url import secured
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.settings.display import shown, shown_database
from passport_scorer.settings.parsers import Expected


class InvalidSetting(PassportScorerError):
    """A setting is missing or malformed."""

    code = "invalid_setting"


class Kind(NamedTuple):
    """A kind of value: how it is read and shown.

    Attributes:
        read: parses the text of a variable; raises ValueError. The message of an `Expected` is
            shown to operators; any other could contain the value, which may be a secret.
        show: formats a value for operators; `hidden` for secrets.
    """

    read: Callable[[str], Any]
    show: Callable[[Any], str] = shown


class Variable:
    """The environment variable behind a setting.

    Args:
        kind: how its value is read and shown.
        names: of the variable; the first one that is set counts.
    """

    def __init__(self, kind: Kind, *names: str) -> None:
        self.names = names
        self.show = kind.show
        self._read = kind.read

    def chosen(self, environ: Mapping[str, str]) -> str | None:
        """Return the first name that is set and not empty, or None."""
        return next((name for name in self.names if environ.get(name, "").strip()), None)

    def value(self, name: str, text: str) -> Any:
        """Parse the text of this variable.

        Raises:
            InvalidSetting: it is malformed; the message contains nothing of the text.
        """
        check_text(name, text)
        try:
            return self._read(text)
        except ValueError as error:  # its own message may contain the value, which may be a secret
            expected = error.args[0] if isinstance(error, Expected) else "another value"
            raise InvalidSetting(f"{name}: expected {expected}.") from None


class DatabaseVariable(Variable):
    """The variable with the URL of the database, which has its own errors."""

    def __init__(self, *names: str) -> None:
        super().__init__(Kind(str, shown_database), *names)

    def value(self, name: str, text: str) -> Any:
        """Return the URL, with TLS required for a remote host; raises InvalidDatabaseLocation."""
        check_text(name, text)
        return secured(text, name)


def check_text(name: str, text: str) -> None:
    """Reject bytes that are not UTF-8: they could be neither logged nor sent.

    Raises:
        InvalidSetting: the variable contains such bytes.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidSetting(f"{name}: expected text in UTF-8.") from None
