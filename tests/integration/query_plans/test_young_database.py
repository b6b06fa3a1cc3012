"""Statements find rows by an index whatever PostgreSQL knows, or believes, about the tables.

Autovacuum counts rows a minute after they came, or never. Until then, plans rest on the sizes that
tables had when the plan was made, and on statistics from a time when there were few rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.db.queries.write_scoring import save_outcomes
from passport_scorer.db.url import connected

from .examples import EXAMPLES, NOW, Person, first_score, people
from .plans import Prepared, prepared, table_of
from .rows import rows_of
from .test_query_plans import OF_REQUESTS, is_bad

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer

SOME = 8  # people in a batch; for many more, reading a table of this size would be the best
pytestmark = pytest.mark.slow  # the rows take ten seconds to make, for each test

WITHOUT_AUTOVACUUM = r"""
SELECT format('ALTER TABLE %I SET (autovacuum_enabled = off)', tablename)
FROM pg_tables WHERE schemaname = 'public' \gexec
"""
REMOVE_ROWS = r"""
SET session_replication_role = replica;
SELECT format('DELETE FROM %I', tablename) FROM pg_tables WHERE schemaname = 'public' \gexec
SELECT setval(pg_get_serial_sequence(table_name, column_name), 1, false)
FROM information_schema.columns WHERE table_schema = 'public' AND is_identity = 'YES'
"""
"""Unlike TRUNCATE, this invalidates no plans, and keeps the statistics."""


@pytest.fixture
def young_database_url(postgresql_server: PostgresqlServer, schema_template: str) -> Iterator[str]:
    """The URL of a database without rows, which autovacuum leaves alone."""
    with postgresql_server.database(schema_template) as url:
        postgresql_server.run(WITHOUT_AUTOVACUUM, name_of(url))
        yield url


def name_of(url: str) -> str:
    """Return the name of a database."""
    return urlsplit(url).path.removeprefix("/")


@pytest.mark.parametrize(
    ("people_before", "is_vacuumed"),
    [(0, False), (0, True), (1, True), (5, True), (25, False)],
    ids=[
        "empty and never vacuumed",
        "vacuumed while empty",
        "analyzed with one address",
        "analyzed with a few addresses",
        "a few addresses and never vacuumed",
    ],
)
async def test_statements_use_indexes_without_current_statistics(
    postgresql_server: PostgresqlServer,
    young_database_url: str,
    people_before: int,
    is_vacuumed: bool,
) -> None:
    """Plans kept from before the rows came, new generic plans, and plans as through a pooler."""
    url = young_database_url
    async with (
        connected(url) as filling,
        connected(url) as old,
        connected(url) as new,
        connected(DatabaseSettings(url, prepared_statements=False)) as pooled,
    ):
        # The schema of temporary tables is made now: that would invalidate all plans later.
        await filling.execute("CREATE TEMPORARY TABLE first ()")
        if people_before:
            await filling.execute(rows_of(people=people_before, partners=people_before))
        if is_vacuumed:
            await filling.execute("VACUUM ANALYZE")
        kept = await all_prepared(old)
        if people_before:
            postgresql_server.run(REMOVE_ROWS, name_of(url))
        await filling.execute(rows_of(people=2_500, partners=5_000))
        await pooled.execute("SET plan_cache_mode = force_custom_plan")
        persons = await people(new, SOME)
        bad = [
            *await bad_scans("kept", kept, persons),
            *await bad_scans("new", await all_prepared(new), persons),
            *await bad_scans("pooled", await all_prepared(pooled), persons),
        ]
    assert not bad, "\n\n".join(bad)


async def all_prepared(connection: Any) -> list[Prepared]:
    """Prepare the statements of requests, and have them planned."""
    return [
        await prepared(connection, query, f"statement_{number}")
        for number, query in enumerate(OF_REQUESTS)
    ]


async def bad_scans(
    session: str, statements: Sequence[Prepared], persons: Sequence[Person]
) -> list[str]:
    """Run statements, and describe the scans that read too much."""
    return [
        f"{each.query.name}, {session}:\n{table_of(bad)}"
        for each in statements
        for parameters in EXAMPLES[each.query.name](persons)
        if (bad := [scan for scan in await each.scans(parameters) if is_bad(scan)])
    ]


async def test_first_scores_read_no_table_as_a_whole(young_database_url: str) -> None:
    """Neither do the checks of foreign keys, whose plans a session keeps as well."""
    scores = 100
    async with connected(young_database_url) as connection:
        await connection.execute(rows_of(people=0, partners=1))
        await connection.execute("VACUUM ANALYZE")
    database = Database(DatabaseSettings(young_database_url, pool_size=1))
    await database.open()
    for number in range(scores):
        await save_outcomes(database, [first_score(f"0x{number:040x}")], NOW)
    await database.close()
    async with connected(young_database_url) as connection:
        assert await connection.fetchval("SELECT count(*) FROM registry_score") == scores
        counted = await connection.fetch(
            "SELECT relname, seq_tup_read, n_tup_ins FROM pg_stat_user_tables"
            " WHERE relname IN ('registry_passport', 'registry_score', 'registry_event')"
        )
        assert {row["n_tup_ins"] for row in counted} == {scores}
        assert {row["relname"]: row["seq_tup_read"] for row in counted} == {
            "registry_passport": 0,
            "registry_score": 0,
            "registry_event": 0,
        }
