"""Descriptions of tables: those that the service needs, and those in a database.

Names of indexes and constraints are ignored, because they differ between deployments.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

EXPECTED_FILE = "expected.json"


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column. `filled`: 'identity', 'default', 'generated', or '' where an INSERT must."""

    name: str
    type: str
    nullable: bool = False
    filled: str = ""


class Index(msgspec.Struct, frozen=True, omit_defaults=True):
    """A b-tree index, or the one behind a constraint."""

    name: str
    columns: tuple[str, ...]
    where: str | None = None
    unique: bool = False

    @property
    def definition(self) -> tuple[tuple[str, ...], str, bool]:
        """Everything that is compared: all but the name."""
        return self.columns, self.where or "", self.unique

    def __str__(self) -> str:
        where = f" WHERE {self.where}" if self.where else ""
        return f"({', '.join(self.columns)}){where}"


class Table(msgspec.Struct, frozen=True, omit_defaults=True):
    """A table. `constraints` are foreign keys and CHECKs as SQL."""

    name: str
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()
    constraints: tuple[str, ...] = ()


class Access(msgspec.Struct, frozen=True):
    """The current user's privileges on a table, and the sequences that it can't use."""

    privileges: frozenset[str]
    closed_sequences: tuple[str, ...]


class Description(msgspec.Struct, frozen=True):
    """The requested tables that exist in a database, by name."""

    server_version: int
    user: str
    tables: dict[str, Table]
    access: dict[str, Access]


@cache
def expected_tables() -> tuple[Table, ...]:
    """Return the tables that the service needs: the schema, as recorded from a real server."""
    recorded = files("passport_scorer.db.schema") / EXPECTED_FILE
    return msgspec.json.decode(recorded.read_bytes(), type=tuple[Table, ...])


def recorded(tables: Sequence[Table]) -> str:
    """Return tables as the text of the file that `expected_tables` reads, an item per line."""
    items = []
    for table in tables:
        parts = {
            "columns": table.columns,
            "indexes": table.indexes,
            "constraints": table.constraints,
        }
        lists = (f'  "{part}": [\n{lines(values)}\n  ]' for part, values in parts.items() if values)
        items.append("{\n" + ",\n".join((f'  "name": "{table.name}"', *lists)) + "\n}")
    return "[" + ",\n".join(items) + "]\n"


def lines(values: Sequence[Any]) -> str:
    """Return values as JSON, one per line."""
    return ",\n".join(f"    {msgspec.json.encode(value).decode()}" for value in values)


async def describe(connection: Any, names: Sequence[str]) -> Description:
    """Describe the tables with these names that the current user can see, in one snapshot.

    `connection` is asyncpg's. Reads the catalog in a read-only transaction, and leaves no state in
    the session, so that it works through a connection proxy. Raises asyncpg.PostgresError.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await describe_within(connection, names)


async def describe_within(connection: Any, names: Sequence[str]) -> Description:
    """Do the same as `describe`, within the caller's transaction."""
    rows = {
        name: grouped(await connection.fetch(query(name), names))
        for name in ("tables", "columns", "indexes", "constraints")
    }
    return Description(
        server_version=await connection.fetchval(
            "SELECT current_setting('server_version_num')::int"
        ),
        user=await connection.fetchval("SELECT current_user::text"),
        tables={name: table(name, rows) for name in rows["tables"]},
        access={name: access(name, rows) for name in rows["tables"]},
    )


def query(name: str) -> str:
    """Return one of the statements next to this file; $1 is the list of tables."""
    return (files(__package__ or "") / f"{name}.sql").read_text(encoding="utf-8")


Rows = dict[str, dict[str, list[Any]]]


def grouped(records: Sequence[Any]) -> dict[str, list[Any]]:
    """Return the records by table."""
    groups = defaultdict(list)
    for record in records:
        groups[record["table_name"]].append(record)
    return dict(groups)


def table(name: str, rows: Rows) -> Table:
    """Make the description of one table."""
    return Table(
        name=name,
        columns=tuple(
            Column(row["name"], row["type"], row["nullable"], row["filled"])
            for row in rows["columns"].get(name, ())
        ),
        indexes=tuple(
            Index(row["name"], tuple(row["columns"]), row["predicate"], row["is_unique"])
            for row in rows["indexes"].get(name, ())
        ),
        constraints=tuple(row["definition"] for row in rows["constraints"].get(name, ())),
    )


def access(name: str, rows: Rows) -> Access:
    """Return the current user's privileges on one table."""
    closed = [row["name"] for row in rows["columns"].get(name, ()) if not row["sequence_usable"]]
    return Access(frozenset(rows["tables"][name][0]["privileges"]), tuple(closed))
