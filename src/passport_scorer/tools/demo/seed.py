"""Inserts the demo data into a database."""

from __future__ import annotations

import msgspec

from passport_scorer.db.database import Database
from passport_scorer.db.queries import demo
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.tools.demo.example_rows import example_tables
from passport_scorer.tools.demo.rows import account_addresses, tables


class NoDemoDatabase(PassportScorerError):
    """The database has other accounts: demo data must not go into a database in use."""

    code = "no_demo_database"


async def seed(database: Database) -> int:
    """Insert the demo rows that are missing; return the number of stamps inserted.

    Raises:
        NoDemoDatabase: the database contains other accounts.
        DatabaseUnavailable: the database is unreachable.
        QueryFailed: the tables do not exist.
    """
    if await demo.count_foreign_accounts(database, account_addresses()):
        raise NoDemoDatabase
    return await demo.seed_demo(database, msgspec.json.encode(tables()).decode())


async def seed_examples(database: Database) -> None:
    """Insert the rows that the documentation's examples need into a database with the demo.

    Raises:
        DatabaseUnavailable: the database is unreachable.
        QueryFailed: the tables do not exist.
    """
    await demo.seed_examples(database, msgspec.json.encode(example_tables()).decode())
