"""Puts the demo into a database."""

from __future__ import annotations

import msgspec

from passport_scorer.db.database import Database
from passport_scorer.db.queries import demo
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.tools.demo.example_rows import example_tables
from passport_scorer.tools.demo.rows import account_addresses, tables


class NoDemoDatabase(PassportScorerError):
    """The database has accounts of its own: the demo is not for a database that is in use."""

    code = "no_demo_database"


async def seed(database: Database) -> int:
    """Add what the demo lacks; return the number of stamps that were added.

    Raises:
        NoDemoDatabase: the database has other accounts.
        DatabaseUnavailable: it can't be reached.
        QueryFailed: it has not got the tables.
    """
    if await demo.count_foreign_accounts(database, account_addresses()):
        raise NoDemoDatabase
    return await demo.seed_demo(database, msgspec.json.encode(tables()).decode())


async def seed_examples(database: Database) -> None:
    """Add what the examples of the documentation need, to a database that has the demo.

    Raises:
        DatabaseUnavailable: it can't be reached.
        QueryFailed: it has not got the tables.
    """
    await demo.seed_examples(database, msgspec.json.encode(example_tables()).decode())
