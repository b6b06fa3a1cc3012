"""Where there are many rows, every statement of a request finds its own by an index.

A statement that reads all of a table is as fast as any other in a test with ten rows, and stops
the service where there are ten million.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from passport_scorer import db
from passport_scorer.db.checks.statements import all_queries
from passport_scorer.db.queries.row_comparison import COMPARED_TABLES
from passport_scorer.db.queries.write_scoring import MAX_BATCH_SIZE
from passport_scorer.db.statement import NoParameters, NoRows, Query
from passport_scorer.db.url import connected

from .examples import EXAMPLES, people
from .plans import Scan, scans, table_of
from .rows import rows_of

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer

COMPARES = "reads a whole table on purpose: `passport-scorer shadow rows`, not in a request"
NOT_OF_REQUESTS: Mapping[str, str] = {
    "check_bans": "only `passport-scorer db check`",
    "check_deployment": "only `passport-scorer db check`",
    "check_rate_limits": "only `passport-scorer db check`",
    "check_revocations": "only `passport-scorer db check`",
    "foreign_accounts": "only `passport-scorer demo`, before it fills an empty database",
    "names_of_settings": "once, when the service starts",
    "seed_demo": "only `passport-scorer demo`",
    "seed_examples": "only `passport-scorer demo`",
    **{table.query.name: COMPARES for table in COMPARED_TABLES},
}
"""Statements outside of requests, and why."""

WITHOUT_GROWTH: Mapping[str, str] = {
    "account_addresslist": "a row for each list that an operator keeps",
    "account_allowlist": "a row for each list that a community weighs",
    "account_customcredential": "a row for each credential of a community's own",
    "account_customcredentialruleset": "a row for each kind of such credentials",
    "account_customization": "a row for each community with a page of its own",
    "account_embedsectionheader": "a row for each heading of embedded pages",
    "account_embedsectionorder": "a row for each heading of a community's page",
    "account_embedstampplatform": "a row for each platform of a community's page",
    "cgrants_roundmapping": "a row for each round of grants that ever was",
    "registry_humanpointsconfig": "a row for each action that gives points",
    "registry_platformmetadata": "a row for each platform",
}
"""Tables that stay small whatever happens, and why; they may be read as a whole."""

MANY = 2_000  # rows that any other table has here, so that reading all of it isn't the best
MOST_ROWS = 10 * (MAX_BATCH_SIZE + 1)  # visited by one scan: ten of each address of a batch
MOST_BLOCKS = 50  # of it and its indexes; ten searches in a high tree are less
BLOCKS_OF_A_ROW = 4  # more, if each row of a batch is searched for by its id
pytestmark = pytest.mark.slow  # all of them together: the rows take ten seconds to make

PUT_INDEXES_ASIDE = r"""
CREATE TEMPORARY TABLE put_aside AS
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint);
SELECT format('DROP INDEX %I', indexname) FROM put_aside \gexec
"""
"""Filling them at once takes half as long as row by row."""
MAKE_INDEXES = r"SELECT indexdef FROM put_aside \gexec"

OF_REQUESTS = [query for query in all_queries() if query.name not in NOT_OF_REQUESTS]


@pytest.fixture(scope="module")
def big_database_url(postgresql_server: PostgresqlServer, schema_template: str) -> Iterator[str]:
    """The URL of a database with many rows."""
    with postgresql_server.database(schema_template) as url:
        name = url.partition("?")[0].rpartition("/")[2]
        rows = rows_of(people=10_000, partners=5_000)
        postgresql_server.run(PUT_INDEXES_ASIDE + rows + MAKE_INDEXES, name)
        postgresql_server.run("VACUUM ANALYZE", name)
        yield url


@pytest_asyncio.fixture
async def connection(big_database_url: str) -> AsyncIterator[Any]:
    """A connection to the database with many rows."""
    async with connected(big_database_url) as opened:
        yield opened


@pytest.mark.parametrize("generic", [True, False], ids=["any parameters", "these parameters"])
@pytest.mark.parametrize("query", OF_REQUESTS, ids=lambda query: query.name)
async def test_rows_of_big_tables_are_found_by_an_index(
    connection: Any, query: Query[Any, Any], generic: bool
) -> None:
    """No statement reads all of a table that grows, or walks all of an index."""
    assert query.name in EXAMPLES, f"{query.name}: examples.py has no parameters for it"
    for parameters in EXAMPLES[query.name](await people(connection)):
        found = await scans(connection, query, parameters, generic=generic)
        bad = [each for each in found if is_bad(each)]
        assert not bad, (
            f"{query.name}, with a plan for {'any' if generic else 'these'} parameters,"
            f" reads too much:\n{table_of(bad)}\n\nall that it reads:\n{table_of(found)}"
        )


def is_bad(scan: Scan) -> bool:
    """Say whether a scan gets slower with every row that is added."""
    if scan.table in WITHOUT_GROWTH:
        return False
    most_blocks = MOST_BLOCKS + BLOCKS_OF_A_ROW * scan.rows
    return not scan.is_by_index or scan.rows > MOST_ROWS or scan.blocks > most_blocks


async def test_every_table_that_is_read_is_big_or_stays_small(connection: Any) -> None:
    """A plan says something only about a table with rows in it."""
    persons = await people(connection)
    read = {
        each.table
        for query in OF_REQUESTS
        for parameters in EXAMPLES[query.name](persons)
        for each in await scans(connection, query, parameters, generic=True)
    }
    rows = {
        table: await connection.fetchval(f"SELECT count(*) FROM {table}")
        for table in sorted(read - WITHOUT_GROWTH.keys())
    }
    assert {table: count for table, count in rows.items() if count < MANY} == {}
    assert WITHOUT_GROWTH.keys() <= read, "an exception that nothing needs any more"


def test_no_statement_is_left_out() -> None:
    """Every file has a query; every exception and every example is of one that there is."""
    files = (resources.files(db) / "queries").iterdir()
    names = {query.name for query in all_queries()}
    assert {Path(file.name).stem for file in files if file.name.endswith(".sql")} == names
    assert NOT_OF_REQUESTS.keys() | EXAMPLES.keys() == names
    assert not NOT_OF_REQUESTS.keys() & EXAMPLES.keys()


@pytest.mark.parametrize(
    ("sql", "way", "index"),
    [
        ("SELECT FROM registry_event WHERE data = '1'", "Seq Scan", "-"),
        (
            "SELECT FROM (SELECT * FROM registry_event ORDER BY id OFFSET 0) AS e WHERE data = '1'",
            "Index Scan",
            "registry_event_pkey",
        ),
        (
            "SELECT FROM registry_event WHERE community_id = 1 AND data = '1'",
            "Index Scan",
            "registry_event_community_id",
        ),
        (
            "SELECT FROM registry_humanpoints WHERE tx_hash = 'none'",
            "Index Only Scan",
            "registry_humanpoints_address_action_chain_id_provider_tx_ha_key",
        ),
    ],
    ids=["a table", "an index", "many rows of an index", "an index by its last column"],
)
async def test_what_reads_too_much_is_found(
    connection: Any, sql: str, way: str, index: str
) -> None:
    """Each kind of bad scan is found, and shown in one line."""
    if index != "-":
        await connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
    query = Query("bad", NoParameters, NoRows, register=False)
    query.sql = sql
    (found,) = await scans(connection, query, NoParameters(), generic=True)
    assert is_bad(found)
    numbers = [str(found.rows), str(found.blocks)]
    assert table_of([found]).split("\n")[1].split() == [found.table, *way.split(), index, *numbers]
