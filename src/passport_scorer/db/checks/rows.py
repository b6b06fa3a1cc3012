"""Checks of rows by `passport-scorer db check`, besides those of the tables' shape.

A check is a statement and what its rows mean.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any

import asyncpg
import msgspec

from passport_scorer.db.checks.comparison import Finding, Severity
from passport_scorer.db.queries.row_checks import (
    StoredDeployment,
    StoredRateLimit,
    StoredText,
    find_deployment,
    find_rate_limits,
)
from passport_scorer.db.statement import Parameters, Query, Row, Statements
from passport_scorer.domain.rate_limit import DEFAULT_TEXT, read_rate_limit

MOST_FINDINGS = 50  # of one check; more are only counted
_NAMED = 10  # ids in a message

# The comparison of the tables reports missing and unreadable ones.
_NOT_THERE = (
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedFunctionError,
    asyncpg.InsufficientPrivilegeError,
)


class RowCheck(msgspec.Struct, frozen=True):
    """A check of rows.

    Attributes:
        table: the table it looks at.
        find: reads the rows.
        findings: what is wrong with these rows.
    """

    table: str
    find: Callable[[Statements], Awaitable[Sequence[Any]]]
    findings: Callable[[Sequence[Any]], Iterable[Finding]]


class _Session:
    """Runs statements on an asyncpg connection outside the pool."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        records = await self._connection.fetch(query.sql, *query.arguments(parameters))
        return [query.row(*record) for record in records]

    read = fetch


async def check_rows(connection: Any, checks: Iterable[RowCheck]) -> list[Finding]:
    """Run checks on a connection of asyncpg, each in a read-only transaction.

    A check whose tables are missing or not readable finds nothing.

    Raises:
        asyncpg.PostgresError: the database can't be used.
    """
    return [finding for check in checks for finding in await _found(connection, check)]


async def read_deployment(connection: Any, demo_addresses: list[str]) -> StoredDeployment | None:
    """Return what the rows reveal about the deployment that wrote them, or None if unreadable.

    Args:
        connection: of asyncpg.
        demo_addresses: the accounts of the demo, which belong to no deployment.

    Raises:
        asyncpg.PostgresError: the database can't be used.
    """
    try:
        async with connection.transaction(readonly=True):
            return await find_deployment(_Session(connection), demo_addresses)
    except _NOT_THERE:
        return None


async def _found(connection: Any, check: RowCheck) -> list[Finding]:
    try:
        async with connection.transaction(readonly=True):
            rows = await check.find(_Session(connection))
    except _NOT_THERE:
        return []
    found = list(check.findings(rows))
    if len(found) > MOST_FINDINGS:
        more = f"… and {len(found) - MOST_FINDINGS} more of this kind"
        found[MOST_FINDINGS:] = [Finding(check.table, found[0].severity, more)]
    return found


def unreadable_rate_limits(rows: Sequence[StoredRateLimit]) -> Iterator[Finding]:
    """Report each malformed rate limit, with the key's prefix and the column."""
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


def _assignment(row: StoredRateLimit) -> str:
    """Return the statement that stores the limit that applies; it is shown, never executed."""
    prefix = "'" + row.prefix.replace("'", "''") + "'"
    return (
        f"UPDATE account_accountapikey SET {row.column_name} = '{DEFAULT_TEXT}'"  # noqa: S608
        f" WHERE prefix = {prefix};"
    )


class SpellingCheck(msgspec.Struct, frozen=True):
    """Finds the rows that requests miss, because their text is spelled differently.

    Attributes:
        table: the table.
        column: the column of the text.
        what: what the rows are called in messages.
        is_found: returns True if requests find a row with this text.
        usual: SQL for the text as requests spell it.
    """

    table: str
    column: str
    what: str
    is_found: Callable[[str], bool]
    usual: str

    def __call__(self, rows: Sequence[StoredText]) -> Iterator[Finding]:
        """Report the rows that are not found, with a statement that fixes them."""
        ids = [str(row.id) for row in rows if not self.is_found(row.text)]
        if not ids:
            return
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        named = f"{', '.join(ids[:_NAMED])}{more}"
        change = f"SET {self.column} = {self.usual} WHERE id IN ({', '.join(ids)})"
        yield Finding(
            self.table,
            Severity.ADVICE,
            f"{self.what} that requests miss, because of the spelling of {self.column}: {named}",
            f"UPDATE {self.table} {change};",
        )


RATE_LIMITS = RowCheck("account_accountapikey", find_rate_limits, unreadable_rate_limits)
