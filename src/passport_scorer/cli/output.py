"""The output of commands: tables for people, in which nothing is cut, and JSON for programs."""

from __future__ import annotations

import shutil
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]
_UNBOUNDED = 10_000  # characters of a line without a terminal


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def line_width() -> int:
    """Return the width of the terminal, or `COLUMNS`; unbounded if there is neither."""
    return shutil.get_terminal_size((_UNBOUNDED, 0)).columns


def print_table(table: Table) -> None:
    """Print a table within the line width; long cells are folded.

    Columns with `no_wrap` are neither folded nor cut, however narrow the terminal is.
    """
    for column in table.columns:
        column.overflow = "fold"
    wide = Console(width=_UNBOUNDED)
    natural = Measurement.get(wide, wide.options, table).maximum
    width = min(natural, max(line_width(), _least_width(table)))
    Console(width=width, emoji=False, highlight=False).print(table, crop=False)


def _least_width(table: Table) -> int:
    """Return the width of the columns that can't be folded, plus a minimum for the others."""
    wide = Console(width=_UNBOUNDED)
    least = 1
    for column in table.columns:
        cells = [wide.measure(cell).maximum for cell in (column.header, *column.cells)]
        least += 3 + (max(cells) if column.no_wrap else min(max(cells), 8))
    return least
