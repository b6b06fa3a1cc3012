"""The rule files that are included, and the reader for rule files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import msgspec

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.tools.shadow.comparison.rules import Rulebook

# The rules that are always read.
API = "api"
# Names that can be given instead of a file.
SHIPPED = ("existing-deployment", "copied-database")


class RulesUnreadable(PassportScorerError):
    """A rule file is invalid or cannot be read."""

    code = "rules_unreadable"


def read_rulebook(sources: Sequence[str]) -> Rulebook:
    """Read the rules for this API, and add others.

    Args:
        sources: TOML files, or names of `SHIPPED`; rules of later sources come first.

    Raises:
        RulesUnreadable: a file cannot be read or is malformed, two rules have the same name, or
            a regular expression is invalid.
    """
    book = _parse(_shipped(API), API)
    for source in sources:
        text = _shipped(source) if source in SHIPPED else _file(source)
        book = book.with_more(_parse(text, source))
    _check_names(book)
    return book


def _shipped(name: str) -> str:
    file = resources.files(__package__) / f"{name.replace('-', '_')}.toml"
    return file.read_text("utf-8")


def _file(source: str) -> str:
    try:
        return Path(source).read_text("utf-8")
    except (OSError, ValueError):
        names = " and ".join(SHIPPED)
        raise RulesUnreadable(
            f"Can't read the rule file {source}. Included rules: {names}."
        ) from None


def _parse(text: str, source: str) -> Rulebook:
    try:
        return msgspec.toml.decode(text, type=Rulebook)
    except (msgspec.MsgspecError, ValueError) as error:
        raise RulesUnreadable(f"Rules in {source}: {error}") from None


def _check_names(book: Rulebook) -> None:
    names = [rule.name for rule in book.rule]
    for name in names:
        if names.count(name) > 1:
            raise RulesUnreadable(f"Duplicate rule name: {name}.")
    for rule in book.rule:
        _check_expressions(rule.name, rule.control, rule.candidate)


def _check_expressions(name: str, *expressions: str | None) -> None:
    for expression in filter(None, expressions):
        try:
            re.compile(expression)
        except re.error as error:
            raise RulesUnreadable(f"Rule {name}: {error}.") from None
