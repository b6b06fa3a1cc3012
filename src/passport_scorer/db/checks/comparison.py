"""Compares a database with the needs of the service, and suggests SQL that fixes differences."""

import re
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from passport_scorer.db.checks.description import (
    Access,
    Column,
    Description,
    Index,
    Table,
    expected_tables,
)
from passport_scorer.db.checks.needs import RECOMMENDED, privileges_needed

OLDEST_SERVER = 150000
SERVER = "(server)"
MISSING = "the table is missing"


class Severity(StrEnum):
    """The effect of a finding: the service fails, it is slow, or nothing breaks."""

    ERROR = "error"
    ADVICE = "advice"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True):
    """One difference. `statement` is SQL that fixes it; the user may lack the privilege."""

    table: str
    severity: Severity
    message: str
    statement: str | None = None


def compare(found: Description) -> list[Finding]:
    """Return every difference between a database and the needs of the service, table by table."""
    return [
        *server_findings(found),
        *(
            finding
            for table in expected_tables()
            for finding in table_findings(table, found.tables.get(table.name), found)
        ),
        *recommendations(found),
    ]


def server_findings(found: Description) -> Iterator[Finding]:
    """Report a server that is too old."""
    if found.server_version < OLDEST_SERVER:
        major = found.server_version // 10000
        yield Finding(SERVER, Severity.ERROR, f"PostgreSQL 15 or later is required, found {major}")


def table_findings(
    expected: Table, found: Table | None, description: Description
) -> Iterator[Finding]:
    """Compare one table."""
    if found is None:
        yield Finding(expected.name, Severity.ERROR, MISSING)
        return
    yield from access_findings(found.name, description.access[found.name], description.user)
    yield from column_findings(expected, found)
    yield from index_findings(expected, found)
    yield from constraint_findings(expected, found)


def access_findings(table: str, access: Access, user: str) -> Iterator[Finding]:
    """Report the privileges that the current user lacks."""
    if missing := sorted(privileges_needed(table) - access.privileges):
        rights = ", ".join(missing)
        statement = f"GRANT {rights} ON {table} TO {quoted(user)};"
        yield Finding(table, Severity.ERROR, f"{user} lacks {rights}", statement)
    if "INSERT" in privileges_needed(table):
        for column in access.closed_sequences:
            message = f"{user} can't use the sequence of {column}"
            statement = f"GRANT USAGE ON SEQUENCE {table}_{column}_seq TO {quoted(user)};"
            yield Finding(table, Severity.ERROR, message, statement)


def column_findings(expected: Table, found: Table) -> Iterator[Finding]:
    """Compare the columns of one table."""
    inserted = "INSERT" in privileges_needed(expected.name)
    present = {column.name: column for column in found.columns}
    for column in expected.columns:
        if column.name not in present:
            yield Finding(expected.name, Severity.ERROR, f"column {column.name} is missing")
            continue
        for severity, message in column_differences(
            column, present[column.name], inserted=inserted
        ):
            yield Finding(expected.name, severity, f"column {column.name} {message}")
    known = {column.name for column in expected.columns}
    for column in found.columns:
        if column.name not in known:
            yield unknown_column(expected.name, column, inserted=inserted)


def column_differences(
    expected: Column, found: Column, *, inserted: bool
) -> Iterator[tuple[Severity, str]]:
    """Yield the differences of a column, with their severity."""
    if found.type != expected.type:
        severity = Severity.NOTE if holds_more(expected.type, found.type) else Severity.ERROR
        yield severity, f"is {found.type}, not {expected.type}"
    if found.nullable and not expected.nullable:
        yield Severity.ERROR, "is nullable, but must not be"
    if expected.nullable and not found.nullable:
        yield failing_if(inserted=inserted), "is NOT NULL, but the service inserts nulls"
    if expected.filled and found.filled not in ("identity", "default"):
        yield (
            failing_if(inserted=inserted),
            "is not an identity column, but inserts give no value",
        )
    if found.filled == "generated":
        yield failing_if(inserted=inserted), "is generated: inserts that provide a value fail"


def holds_more(expected: str, found: str) -> bool:
    """Return True if every text of the expected type fits the found type."""
    if not expected.startswith("character varying"):
        return False
    if found in ("text", "character varying"):
        return True
    lengths = [re.fullmatch(r"character varying\((\d+)\)", each) for each in (expected, found)]
    return all(lengths) and int(lengths[0][1]) <= int(lengths[1][1])  # type: ignore[index]


def unknown_column(table: str, column: Column, *, inserted: bool) -> Finding:
    """Report a column that the service does not know; an error if it makes inserts fail."""
    if column.nullable or column.filled:
        return Finding(table, Severity.NOTE, f"column {column.name} is unknown and harmless")
    message = f"column {column.name} is unknown and NOT NULL: inserts fail"
    return Finding(table, failing_if(inserted=inserted), message)


def failing_if(*, inserted: bool) -> Severity:
    """Return the severity of a problem of inserts, which matters only if the service inserts."""
    return Severity.ERROR if inserted else Severity.NOTE


def index_findings(expected: Table, found: Table) -> Iterator[Finding]:
    """Compare the indexes of one table; duplicates count once."""
    present = {column.name for column in found.columns}
    for index in {index.definition: index for index in expected.indexes}.values():
        if not {column.split()[0].strip('"') for column in index.columns} <= present:
            continue  # a missing column is reported once
        does_its_work = enforces if index.unique else serves
        if not any(does_its_work(other, index) for other in found.indexes):
            yield missing_index(expected.name, index)


def missing_index(table: str, index: Index) -> Finding:
    """Report a missing index: searches are slow, or inserts fail."""
    if index.unique and "INSERT" in privileges_needed(table):
        message = f"{index} is not unique, but ON CONFLICT requires it"
        return Finding(table, Severity.ERROR, message, creation(table, index))
    message = f"no {'unique ' if index.unique else ''}index on {index}"
    return Finding(table, Severity.ADVICE, message, creation(table, index))


def enforces(found: Index, expected: Index) -> bool:
    """Return True if an index enforces the uniqueness that the expected one does."""
    same_rows = (found.where or "") == (expected.where or "")
    return found.unique and same_rows and sorted(found.columns) == sorted(expected.columns)


def serves(found: Index, expected: Index) -> bool:
    """Return True if a search that uses the expected index can use this one."""
    leading = found.columns[: len(expected.columns)] == expected.columns
    return leading and found.where in (None, expected.where)


def constraint_findings(expected: Table, found: Table) -> Iterator[Finding]:
    """Compare foreign keys and CHECKs; the service works with different ones."""
    for constraint in expected.constraints:
        if constraint not in found.constraints:
            yield Finding(expected.name, Severity.NOTE, f"no {constraint}")
    for constraint in found.constraints:
        if constraint not in expected.constraints:
            yield Finding(expected.name, Severity.NOTE, f"unknown: {constraint}")


def recommendations(found: Description) -> Iterator[Finding]:
    """Report recommended indexes that existing deployments lack."""
    for each in RECOMMENDED:
        table = found.tables.get(each.table)
        if table and not any(serves(index, each.index) for index in table.indexes):
            statement = creation(each.table, each.index)
            yield Finding(
                each.table, Severity.ADVICE, f"no index on {each.index}: {each.reason}", statement
            )


def creation(table: str, index: Index) -> str:
    """Return the statement that creates an index without locking the table."""
    kind = "UNIQUE INDEX" if index.unique else "INDEX"
    return f"CREATE {kind} CONCURRENTLY {quoted(index.name)} ON {table} {index};"


def quoted(name: str) -> str:
    """Return a name as SQL."""
    return (
        name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"{}"'.format(name.replace('"', '""'))
    )
