"""`passport-scorer db check` names the rows that are not read as they were meant."""

from __future__ import annotations

from typing import Any

import pytest

from passport_scorer.cli.database_rows import ROW_CHECKS
from passport_scorer.db.checks import Severity, check_rows, read_deployment
from passport_scorer.db.checks.rows import MOST_FINDINGS
from passport_scorer.db.url import connected
from passport_scorer.tools.demo.rows import account_addresses

USER = """
    INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email,
        is_staff, is_active, date_joined)
    VALUES ('', false, 'owner', '', '', '', false, true, now()) RETURNING id
"""
KEYS = """
    INSERT INTO account_accountapikey (id, prefix, hashed_key, created, name, revoked, account_id,
        rate_limit, create_scorers, read_scores, submit_passports, analysis_rate_limit,
        historical_endpoint, embed_rate_limit)
    SELECT each.prefix || '.SECRET', each.prefix, 'SECRET', now(), 'key', each.revoked, $1,
        each.rate_limit, true, true, true, each.analysis, true, each.embed
    FROM unnest($2::text[], $3::bool[], $4::text[], $5::text[], $6::text[])
        AS each (prefix, revoked, rate_limit, analysis, embed)
"""


Key = tuple[str, bool, str | None, str | None, str | None]


async def store_keys(connection: Any, *keys: Key) -> None:
    """Store keys: prefix, whether it was revoked, rate limits of scores, analysis and embedding."""
    user = await connection.fetchval(USER)
    account = await connection.fetchval(
        "INSERT INTO account_account (address, user_id) VALUES ('0x0', $1) RETURNING id", user
    )
    await connection.execute(KEYS, account, *map(list, zip(*keys, strict=True)))


async def test_limits_that_cannot_be_read_are_named(database_url: str) -> None:
    """By prefix and column, without the key; the statement makes it what it counts as."""
    async with connected(database_url) as connection:
        await store_keys(
            connection,
            ("good", False, "125/15m", None, ""),
            ("people", False, "100/hour", "125/60", " 3 / 15 Min"),
            ("bad'", False, "much", "10/s", "5/week"),
            ("gone", True, "much", "much", "much"),
        )
        found = await check_rows(connection, ROW_CHECKS)
        assert [(each.severity, each.message) for each in found] == [
            (
                Severity.ADVICE,
                f"key bad': {column} {value!r} can't be read, and counts as 125/15m",
            )
            for column, value in (("embed_rate_limit", "5/week"), ("rate_limit", "much"))
        ]
        assert "SECRET" not in str(found)
        for finding in found:
            await connection.execute(finding.statement)
        assert await check_rows(connection, ROW_CHECKS) == []


async def test_messages_about_rows_are_bounded(database_url: str) -> None:
    """Of many alike the first are named, and the others counted."""
    keys = [(f"k{number:04}", False, "?", "?", "") for number in range(100)]
    async with connected(database_url) as connection:
        await store_keys(connection, *keys)
        *_, last = found = await check_rows(connection, ROW_CHECKS)
    assert len(found) == MOST_FINDINGS + 1
    assert last.message == "… and 150 more of this kind"


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE account_accountapikey CASCADE",
        "ALTER TABLE account_accountapikey DROP COLUMN embed_rate_limit",
        "CREATE ROLE nobody_in_particular; SET LOCAL ROLE nobody_in_particular",
    ],
)
async def test_missing_tables_are_not_read(database_url: str, change: str) -> None:
    """A missing table, column or privilege is reported by the other comparison."""
    async with connected(database_url) as connection:
        transaction = connection.transaction()  # roles are the server's, not the database's
        await transaction.start()
        await connection.execute(change)
        assert await check_rows(connection, ROW_CHECKS) == []
        await transaction.rollback()


async def test_whose_rows_they_are(demo_database_url: str) -> None:
    """The demo's rows are not a deployment; another account, or Django's own table, is one."""
    demo = account_addresses()
    async with connected(demo_database_url) as connection:
        found = await read_deployment(connection, demo)
        assert found is not None
        assert not found.is_foreign
        for change in (
            "CREATE TABLE django_migrations (id bigint)",
            "UPDATE account_account SET address = '0x0'",
        ):
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute(change)
            found = await read_deployment(connection, demo)
            assert found is not None
            assert found.is_foreign
            await transaction.rollback()
        await connection.execute("DROP TABLE registry_hashscorerlink")
        assert await read_deployment(connection, demo) is None
