"""A statement with types on both sides.

Each statement is a file in `queries/`. A `Query` names it and the Python types of its
parameters ($1, $2, … in the order of the fields) and of its rows. `passport-scorer db
check-queries`, a part of `make check`, prepares every one against the schema and compares.
"""

from __future__ import annotations

import re
from functools import cached_property
from importlib import resources
from typing import Any, Generic, TypeVar

import msgspec

Parameters = TypeVar("Parameters", bound=msgspec.Struct)
Row = TypeVar("Row", bound=msgspec.Struct, covariant=True)

REGISTERED: list[Query[Any, Any]] = []


class NoParameters(msgspec.Struct, frozen=True):
    """For a statement that takes none."""


class NoRows(msgspec.Struct, frozen=True):
    """For a statement that returns none."""


class Query(Generic[Parameters, Row]):
    """A named statement, the type of its parameters, and the type of its rows.

    Args:
        name: the file `queries/<name>.sql`.
        parameters: a struct; its fields, in order, are $1, $2, …
        row: a struct; its fields, in order, are the columns, named alike.
        without: a part that is left out of the statement; begins after a line `-- Part: <name>`
            of the file, and ends with a line `-- End of part`.
        register: False for one that is no part of the project, as in a test.
    """

    def __init__(
        self,
        name: str,
        parameters: type[Parameters],
        row: type[Row],
        *,
        without: str | None = None,
        register: bool = True,
    ) -> None:
        self.name = name
        self.parameters = parameters
        self.row = row
        self.without = without
        if register:
            REGISTERED.append(self)

    @cached_property
    def sql(self) -> str:
        """The text of the statement."""
        file = resources.files(__package__) / "queries" / f"{self.name}.sql"
        text = file.read_text("utf-8")
        if self.without is None:
            return text
        part = rf"^ *-- Part: {re.escape(self.without)}\n.*?^ *-- End of part\n"
        return re.sub(part, "", text, flags=re.MULTILINE | re.DOTALL)

    def arguments(self, parameters: Parameters) -> tuple[Any, ...]:
        """Return the values of $1, $2, …"""
        return msgspec.structs.astuple(parameters)
