"""`passport-scorer config`: the configuration as it is in effect."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from passport_scorer.effective_settings import EffectiveSetting, effective_settings

_WIDTH = 160  # characters of a line where the output is no terminal


def config(*, json: bool = False) -> None:
    """Show the configuration that is in effect: each variable, its value, where it comes from.

    Secrets are hidden, so the output may be shown to others. A malformed variable is one line
    that names it, and exit status 1, as when the service starts.

    Parameters
    ----------
    json
        A JSON list instead of a table.
    """
    settings = list(effective_settings())
    if json:
        print(msgspec.json.format(msgspec.json.encode(settings)).decode())
    else:
        width = None if sys.stdout.isatty() else _WIDTH
        Console(width=width, emoji=False, highlight=False).print(_table(settings))


def _table(settings: Sequence[EffectiveSetting]) -> Table:
    table = Table("variable", "value", "source", "meaning")
    for column in table.columns:
        column.overflow = "fold"  # a value that is cut off can't be used
    table.columns[0].no_wrap = True
    for setting in settings:
        style = "bold" if setting.source == "environment" else ""
        cells = (setting.variable, setting.value, setting.source, setting.meaning)
        table.add_row(*(Text(cell) for cell in cells), style=style)
    return table
