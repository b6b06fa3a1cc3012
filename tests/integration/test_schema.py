"""Our tables are those of existing deployments, and creating them never harms existing ones."""

from collections import Counter
from pathlib import Path

import asyncpg
import msgspec
import pytest

from passport_scorer.db.checks import Description, Table, compare, describe, expected_tables
from passport_scorer.db.checks.description import EXPECTED_FILE, recorded
from passport_scorer.db.schema import __file__ as schema_module
from passport_scorer.db.schema import schema_sql, table_definitions
from passport_scorer.db.schema.creation import SchemaRefused, create_schema
from passport_scorer.db.url import connected
from passport_scorer.tools.embedded_postgres import EmbeddedServer, Installation, find_installation
from passport_scorer.tools.embedded_postgres.installation import installations
from tests.support.recordings import GOLDEN

NAMES = [definition.name for definition in table_definitions()]


async def described(url: str) -> Description:
    """Return the database's version of our tables."""
    async with connected(url) as connection:
        return await describe(connection, NAMES)


def essence(table: Table) -> tuple[object, ...]:
    """All about a table but the names of its indexes and constraints."""
    indexes = Counter(index.definition for index in table.indexes)
    return table.name, table.columns, indexes, Counter(table.constraints)


async def test_our_tables_are_those_of_an_existing_deployment(database_url: str) -> None:
    """Columns, types, keys and indexes agree, whatever the indexes are called."""
    text = (GOLDEN / "tables.json").read_bytes()
    theirs = {table.name: table for table in msgspec.json.decode(text, type=list[Table])}
    ours = await described(database_url)
    assert theirs.keys() == set(NAMES)
    for name in NAMES:
        assert essence(ours.tables[name]) == essence(theirs[name])


async def test_the_recorded_description_is_that_of_the_schema(database_url: str) -> None:
    """expected.json is up to date: `passport-scorer db describe` would write it again as it is."""
    found = await described(database_url)
    text = (Path(schema_module).parent / EXPECTED_FILE).read_text()
    assert text == recorded([found.tables[name] for name in NAMES])


async def test_making_the_tables_twice_changes_nothing(empty_database: str) -> None:
    """The second run changes nothing, and rows stay."""
    async with connected(empty_database) as connection:
        assert await create_schema(connection) == tuple(NAMES)
        await connection.execute(
            "INSERT INTO cgrants_roundmapping (round_number, round_eth_address) VALUES ('1', '0x')"
        )
        before = await describe(connection, NAMES)
        assert await create_schema(connection) == ()
        assert await describe(connection, NAMES) == before
        assert await connection.fetchval("SELECT count(*) FROM cgrants_roundmapping") == 1


async def test_our_own_database_gets_the_tables_that_it_lacks(database_url: str) -> None:
    """A new version of the service adds its new tables to the embedded database."""
    async with connected(database_url) as connection:
        await connection.execute("DROP TABLE stake_stake, cgrants_roundmapping")
        made = await create_schema(connection, own=True)
        assert sorted(made) == ["cgrants_roundmapping", "stake_stake"]
        assert compare(await describe(connection, NAMES)) == []


async def test_a_foreign_database_gets_no_tables(database_url: str) -> None:
    """Where some of the tables exist, making the others is up to their owner."""
    async with connected(database_url) as connection:
        await connection.execute("DROP TABLE stake_stake")
        with pytest.raises(SchemaRefused, match="47 of 48 tables"):
            await create_schema(connection)
        assert await connection.fetchval("SELECT to_regclass('stake_stake')::text") is None


async def test_tables_that_are_different_are_not_added_to(database_url: str) -> None:
    """If an existing table doesn't fit, the error names it and nothing is made."""
    async with connected(database_url) as connection:
        await connection.execute("DROP TABLE stake_stake")
        await connection.execute("ALTER TABLE registry_score DROP COLUMN evidence")
        with pytest.raises(SchemaRefused, match=r"registry_score.*evidence is missing"):
            await create_schema(connection, own=True)
        assert await connection.fetchval("SELECT to_regclass('stake_stake')::text") is None


async def test_concurrent_creations_run_one_at_a_time(empty_database: str) -> None:
    """Starting two instances on an empty database makes the tables once."""
    async with connected(empty_database) as first, connected(empty_database) as second:
        transaction = first.transaction()
        await transaction.start()
        await create_schema(first)
        await second.execute("SET lock_timeout = '50ms'")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await create_schema(second)
        await transaction.commit()
        assert await create_schema(second) == ()


@pytest.mark.parametrize(
    "installation",
    [each for each in installations() if each != find_installation()],
    ids=lambda each: f"PostgreSQL {each.major}",
)
async def test_every_version_of_postgresql_here_makes_the_same_tables(
    installation: Installation, server_folder: Path
) -> None:
    """The SQL and the descriptions don't depend on the version: 15 is enough."""
    folder = server_folder / f"version-{installation.major}"
    with EmbeddedServer(folder, settings={"fsync": "off"}, installation=installation) as it:
        async with connected(it.url) as connection:
            await connection.execute(schema_sql())
            found = await describe(connection, NAMES)
    assert found.server_version // 10000 == installation.major
    assert tuple(found.tables[name] for name in NAMES) == expected_tables()


def test_the_schema_names_each_table_once() -> None:
    """Every table has one definition, and none has two."""
    assert len(NAMES) == len(set(NAMES)) == 48
