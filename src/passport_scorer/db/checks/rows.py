"""What `passport-scorer db check` looks for in the rows, beside the tables' shape.

A check is a statement and what its rows mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import asyncpg
import msgspec

from passport_scorer.db.checks.comparison import Finding, Severity
from passport_scorer.db.queries.row_checks import (
    CHECK_DEPLOYMENT,
    CHECK_RATE_LIMITS,
    DeploymentParameters,
    DeploymentRow,
    KeyLimitRow,
    TextRow,
)
from passport_scorer.db.statement import NoParameters, Query
from passport_scorer.domain.rate_limit import DEFAULT_TEXT, read_rate_limit

MOST_FINDINGS = 50  # of one check; more are only counted
_NAMED = 10  # ids in a message

# The comparison of the tables says what is missing, or may not be read.
_NOT_THERE = (
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedFunctionError,
    asyncpg.InsufficientPrivilegeError,
)


class RowCheck(msgspec.Struct, frozen=True):
    """A check of rows.

    Attributes:
        table: the table that it looks at.
        query: its statement, which only reads.
        findings: from the statement's rows to what is said about them.
    """

    table: str
    query: Query[NoParameters, Any]
    findings: Callable[[Sequence[Any]], Iterable[Finding]]


async def check_rows(connection: Any, checks: Iterable[RowCheck]) -> list[Finding]:
    """Run checks on a connection of asyncpg, each in a transaction that may not write.

    A check whose tables are not there, or may not be read, finds nothing.

    Raises:
        asyncpg.PostgresError: the database can't be used.
    """
    return [finding for check in checks for finding in await _found(connection, check)]


async def read_deployment(connection: Any, demo_addresses: list[str]) -> DeploymentRow | None:
    """Return whose rows the database has, and what they tell; None: they can't be read.

    Args:
        connection: of asyncpg.
        demo_addresses: of the accounts that are no deployment's.

    Raises:
        asyncpg.PostgresError: the database can't be used.
    """
    arguments = CHECK_DEPLOYMENT.arguments(DeploymentParameters(demo_addresses))
    try:
        async with connection.transaction(readonly=True):
            record = await connection.fetchrow(CHECK_DEPLOYMENT.sql, *arguments)
    except _NOT_THERE:
        return None
    return DeploymentRow(*record)


async def _found(connection: Any, check: RowCheck) -> list[Finding]:
    try:
        async with connection.transaction(readonly=True):
            records = await connection.fetch(check.query.sql)
    except _NOT_THERE:
        return []
    found = list(check.findings([check.query.row(*record) for record in records]))
    if len(found) > MOST_FINDINGS:
        more = f"… and {len(found) - MOST_FINDINGS} more of this kind"
        found[MOST_FINDINGS:] = [Finding(check.table, found[0].severity, more)]
    return found


def unreadable_rate_limits(rows: Sequence[KeyLimitRow]) -> Iterator[Finding]:
    """Name each rate limit that cannot be read, by the key's prefix and the column."""
    for row in rows:
        limit = read_rate_limit(row.rate_limit)
        if limit is not None and limit.is_default:
            yield Finding(
                "account_accountapikey",
                Severity.ADVICE,
                f"key {row.prefix}: {row.column_name} {row.rate_limit!r} can't be read,"
                f" and counts as {DEFAULT_TEXT}",
                _assignment(row),
            )


def _assignment(row: KeyLimitRow) -> str:
    """Return the statement that stores what the limit counts as; it is shown, never run."""
    prefix = "'" + row.prefix.replace("'", "''") + "'"
    return (
        f"UPDATE account_accountapikey SET {row.column_name} = '{DEFAULT_TEXT}'"  # noqa: S608
        f" WHERE prefix = {prefix};"
    )


class Unfound(msgspec.Struct, frozen=True):
    """Finds the rows that no request finds, as no index has their text as requests spell it.

    Attributes:
        table: what was read.
        column: the text's.
        what: the rows, in a message.
        is_found: whether requests find a row with this text.
        usual: SQL for the text as requests spell it.
    """

    table: str
    column: str
    what: str
    is_found: Callable[[str], bool]
    usual: str

    def __call__(self, rows: Sequence[TextRow]) -> Iterator[Finding]:
        """Say which of these rows are not found, and how they would be."""
        ids = [str(row.id) for row in rows if not self.is_found(row.text)]
        if not ids:
            return
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        named = f"{', '.join(ids[:_NAMED])}{more}"
        change = f"SET {self.column} = {self.usual} WHERE id IN ({', '.join(ids)})"
        yield Finding(
            self.table,
            Severity.ADVICE,
            f"{self.what} that no request finds, as {self.column} is spelled unusually: {named}",
            f"UPDATE {self.table} {change};",
        )


RATE_LIMITS = RowCheck("account_accountapikey", CHECK_RATE_LIMITS, unreadable_rate_limits)
