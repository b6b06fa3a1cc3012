"""The rows of the demo."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from passport_scorer.db.statement import Query, Statements


class _Seed(msgspec.Struct, frozen=True):
    """$1 of `seed_demo.sql` and `seed_examples.sql`: a JSON object, table -> rows."""

    tables: str


class _SeededDemo(msgspec.Struct, frozen=True):
    """The one row of `seed_demo.sql`; the last ids are null if no stamp is new."""

    new_stamps: int
    last_stamp_id: int | None
    last_community_id: int | None
    last_scorer_id: int | None
    last_account_id: int | None
    last_user_id: int | None


class _SeededExamples(msgspec.Struct, frozen=True):
    """The one row of `seed_examples.sql`: the number of unused nonces."""

    nonces: int


class _ForeignAccounts(msgspec.Struct, frozen=True):
    """$1 of `foreign_accounts.sql`."""

    addresses: list[str]


class _Count(msgspec.Struct, frozen=True):
    """The one row of `foreign_accounts.sql`."""

    count: int


_SEED_DEMO = Query("seed_demo", _Seed, _SeededDemo)
_SEED_EXAMPLES = Query("seed_examples", _Seed, _SeededExamples)
_COUNT_FOREIGN_ACCOUNTS = Query("foreign_accounts", _ForeignAccounts, _Count)


async def seed_demo(database: Statements, tables: str) -> int:
    """Insert the rows that are missing, and return the number of stamps among them.

    Args:
        database: the pool, or a transaction.
        tables: JSON text of an object, table -> rows.
    """
    (seeded,) = await database.fetch(_SEED_DEMO, _Seed(tables))
    return seeded.new_stamps


async def seed_examples(database: Statements, tables: str) -> None:
    """Insert the rows of the documentation's examples; `tables` as for `seed_demo`."""
    await database.fetch(_SEED_EXAMPLES, _Seed(tables))


async def count_foreign_accounts(database: Statements, own_addresses: Sequence[str]) -> int:
    """Return the number of accounts whose address is not one of these."""
    parameters = _ForeignAccounts(list(own_addresses))
    (row,) = await database.fetch(_COUNT_FOREIGN_ACCOUNTS, parameters)
    return row.count
