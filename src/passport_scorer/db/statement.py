"""A statement with types on both sides.

Each statement is a file in `queries/`. SQL that several of them share is a file in
`queries/fragments/`: a line `-- Insert: <name> (<argument>)` stands for its text, in parentheses
and with the argument in place of its one placeholder (`$text`, `$row`).

A `Query` names the statement and the Python types of its parameters ($1, $2, … in the order of the
fields) and of its rows. `passport-scorer db check-queries`, a part of `make check`, prepares every
one against the schema and compares. Only the typed functions in `queries/` use it.
"""

from __future__ import annotations

import re
from functools import cached_property
from importlib import resources
from typing import Any, Generic, Protocol, TypeVar

import msgspec

Parameters = TypeVar("Parameters", bound=msgspec.Struct)
Row = TypeVar("Row", bound=msgspec.Struct, covariant=True)

REGISTERED: list[Query[Any, Any]] = []

_INSERTED = re.compile(r"^ *-- Insert: (\w+) \((\S+)\)\n", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\$[a-z]+")


class NoParameters(msgspec.Struct, frozen=True):
    """The parameters of a statement that takes none."""


class NoRows(msgspec.Struct, frozen=True):
    """The rows of a statement that returns none."""


class Query(Generic[Parameters, Row]):
    """A named statement, the type of its parameters, and the type of its rows.

    Args:
        name: the file `queries/<name>.sql`.
        parameters: a struct; its fields, in order, are $1, $2, …
        row: a struct; its fields, in order, are the columns, named alike.
        without: a part that is left out of the statement; begins after a line `-- Part: <name>`
            of the file, and ends with a line `-- End of part`.
        register: False for a statement outside the project, as in a test.
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
        text = with_fragments(file.read_text("utf-8"))
        if self.without is None:
            return text
        part = rf"^ *-- Part: {re.escape(self.without)}\n.*?^ *-- End of part\n"
        return re.sub(part, "", text, flags=re.MULTILINE | re.DOTALL)

    def arguments(self, parameters: Parameters) -> tuple[Any, ...]:
        """Return the values of $1, $2, …"""
        return msgspec.structs.astuple(parameters)


class Statements(Protocol):
    """Runs statements: the pool, or a connection in a transaction.

    Raises:
        DatabaseUnavailable: the database can't be reached, or does not answer in time.
        RowLocked: another transaction holds a lock for too long.
        WriteConflict: another transaction changed first what the statement relies on.
        ValueRefused: the database can't store a value.
        QueryFailed: the database refuses the statement for another reason.
    """

    async def read(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Run a statement that changes nothing, and return its rows."""

    async def fetch(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Run a statement, and return its rows."""


def with_fragments(text: str) -> str:
    """Return the text of a statement with all fragments in their places (see this module)."""
    return _INSERTED.sub(_fragment, text)


def _fragment(insertion: re.Match[str]) -> str:
    name, argument = insertion.groups()
    file = resources.files(__package__) / "queries" / "fragments" / f"{name}.sql"
    text = _PLACEHOLDER.sub(lambda _: argument, file.read_text("utf-8"))
    return f"(\n{with_fragments(text)})\n"
