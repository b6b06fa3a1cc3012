"""Puts the demo into a database."""

from __future__ import annotations

import msgspec

from passport_scorer.db.database import Database
from passport_scorer.db.queries.demo import (
    FOREIGN_ACCOUNTS,
    SEED_DEMO,
    SEED_EXAMPLES,
    ForeignAccountsParameters,
    SeedDemoParameters,
    SeedExamplesParameters,
)
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
    own = ForeignAccountsParameters(account_addresses())
    (foreign,) = await database.fetch(FOREIGN_ACCOUNTS, own)
    if foreign.count:
        raise NoDemoDatabase
    parameters = SeedDemoParameters(msgspec.json.encode(tables()).decode())
    (seeded,) = await database.fetch(SEED_DEMO, parameters)
    return seeded.new_stamps


async def seed_examples(database: Database) -> None:
    """Add what the examples of the documentation need, to a database that has the demo.

    Raises:
        DatabaseUnavailable: it can't be reached.
        QueryFailed: it has not got the tables.
    """
    examples = SeedExamplesParameters(msgspec.json.encode(example_tables()).decode())
    await database.fetch(SEED_EXAMPLES, examples)
