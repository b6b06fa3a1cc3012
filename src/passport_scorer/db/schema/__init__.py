"""The tables that the service works on, as SQL, and how they are created.

An existing deployment already has them; in a database of its own, the service creates exactly
these. One file for each family of tables, in the order of their references.
"""

import re
from dataclasses import dataclass
from importlib.resources import files

FAMILIES = (
    "auth_user",
    "scorer_weighted",
    "account",
    "ceramic_cache",
    "registry",
    "account_embed",
    "cgrants",
    "stake",
)


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """One table: the statements that create it and its indexes."""

    name: str
    family: str
    sql: str


def family_sql(family: str) -> str:
    """Return the SQL of one family of tables."""
    return (files(__name__) / f"{family}.sql").read_text(encoding="utf-8")


def schema_sql() -> str:
    """Return the SQL that creates all tables in an empty database, as one script."""
    return "\n".join(family_sql(family) for family in FAMILIES)


def table_definitions() -> tuple[TableDefinition, ...]:
    """Return every table, in an order in which they can be created."""
    return tuple(
        TableDefinition(re.match(r"CREATE TABLE (\w+)", sql)[1], family, sql)  # type: ignore[index]
        for family in FAMILIES
        for sql in re.split(r"^(?=CREATE TABLE )", family_sql(family), flags=re.MULTILINE)[1:]
    )
