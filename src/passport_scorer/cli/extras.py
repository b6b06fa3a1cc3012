"""Packages that only some commands need: the extras of the distribution."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Literal

from passport_scorer.domain.errors import PassportScorerError

Extra = Literal["deploy", "report"]
_PACKAGES: dict[Extra, frozenset[str]] = {
    "deploy": frozenset({"cfn_flip", "troposphere"}),
    "report": frozenset({"jinja2"}),
}


class MissingExtra(PassportScorerError):
    """The command needs packages that are not installed."""

    code = "missing_extra"


def import_from_extra(module: str, extra: Extra) -> ModuleType:
    """Import a module that needs the packages of an extra.

    Raises:
        MissingExtra: they are not installed; the message says how to install them.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] in _PACKAGES[extra]:
            raise MissingExtra(
                f"This command needs more packages: pip install 'passport-scorer[{extra}]'."
            ) from None
        raise
