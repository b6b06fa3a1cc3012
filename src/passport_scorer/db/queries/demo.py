"""What the demo writes."""

from __future__ import annotations

import msgspec

from passport_scorer.db.statement import Query


class SeedDemoParameters(msgspec.Struct, frozen=True):
    """$1 of `seed_demo.sql`: a JSON object, table -> rows."""

    tables: str


class SeededDemo(msgspec.Struct, frozen=True):
    """How many stamps are new, and where the sequences stand; null if none is new."""

    new_stamps: int
    last_stamp_id: int | None
    last_community_id: int | None
    last_scorer_id: int | None
    last_account_id: int | None
    last_user_id: int | None


class SeedExamplesParameters(msgspec.Struct, frozen=True):
    """$1 of `seed_examples.sql`: a JSON object, table -> rows."""

    tables: str


class SeededExamples(msgspec.Struct, frozen=True):
    """How many nonces can be used."""

    nonces: int


class ForeignAccountsParameters(msgspec.Struct, frozen=True):
    """$1 of `foreign_accounts.sql`: the addresses of our own accounts."""

    addresses: list[str]


class Count(msgspec.Struct, frozen=True):
    """How many."""

    count: int


SEED_DEMO = Query("seed_demo", SeedDemoParameters, SeededDemo)
SEED_EXAMPLES = Query("seed_examples", SeedExamplesParameters, SeededExamples)
FOREIGN_ACCOUNTS = Query("foreign_accounts", ForeignAccountsParameters, Count)
