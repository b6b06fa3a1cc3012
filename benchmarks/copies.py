"""Copies of databases, and databases with addresses that were never scored."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.database import Loaded, connected, fill, run
from benchmarks.parameters import WARM_REQUEST
from benchmarks.stamps import Advance, StampSet, address_of, stamp_file
from passport_scorer.db.schema import schema_sql
from passport_scorer.tools.embedded_postgres import EmbeddedServer

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_OF_PASSPORTS = (
    ("registry_stamp", "passport_id"),
    ("registry_score", "passport_id"),
    ("registry_passport", "id"),
)


def copied(url: str, purpose: str) -> str:
    """Copy a database that has no sessions, and return the URL of the copy.

    All pages of the copy are in the write-ahead log already, so that the first change of each costs
    no more than the next.
    """
    name, copy_name = _name_of(url), _name_for(url, purpose)
    asyncio.run(
        run(
            _with_name(url, "postgres"),
            f"DROP DATABASE IF EXISTS {copy_name} WITH (FORCE)",
            f"CREATE DATABASE {copy_name} TEMPLATE {name} STRATEGY WAL_LOG",
        )
    )
    return _with_name(url, copy_name)


@contextmanager
def copy(url: str, purpose: str) -> Iterator[str]:
    """Copy a database that has no sessions; yield the URL of the copy, and drop it at the end."""
    copy_url = copied(url, purpose)
    try:
        yield copy_url
    finally:
        drop(copy_url)


def drop(url: str) -> None:
    """Drop a database, with its sessions."""
    statement = f"DROP DATABASE IF EXISTS {_name_of(url)} WITH (FORCE)"
    asyncio.run(run(_with_name(url, "postgres"), statement, "CHECKPOINT"))


def old_with_unscored(loaded: Loaded, numbers: range) -> Loaded:
    """Copy a database, and make it as if some of its addresses had never been scored.

    They have stamps, but no passport, score, event, registered stamps or links. The copy is
    vacuumed and analyzed.

    Args:
        loaded: a database without sessions.
        numbers: the addresses.
    """
    url = copied(loaded.url, "unscored")
    asyncio.run(_forget(url, [address_of(number) for number in numbers]))
    return Loaded(url, len(numbers), loaded.stamps)


async def _forget(url: str, addresses: list[str]) -> None:
    async with connected(url) as connection, connection.transaction():
        await connection.execute(
            "CREATE TEMPORARY TABLE benchmark_passport ON COMMIT DROP AS"
            " SELECT id FROM registry_passport WHERE address = ANY ($1)",
            addresses,
        )
        for table in ("registry_event", "registry_hashscorerlink"):
            await connection.execute(f"DELETE FROM {table} WHERE address = ANY ($1)", addresses)
        for table, column in _OF_PASSPORTS:
            await connection.execute(
                f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM benchmark_passport)"
            )
        for step in WARM_REQUEST:
            await connection.execute(f"DROP TABLE {step.table}")
    await run(url, "VACUUM (ANALYZE)", "CHECKPOINT")


def young(server: EmbeddedServer, wanted: StampSet, cache: Path, advance: Advance) -> Loaded:
    """Create a database in which nothing has been scored, and which has no statistics.

    Autovacuum is off in it: it would collect them a minute or so later, and by chance in the
    middle of a measurement.

    Args:
        server: the server.
        wanted: the stamps.
        cache: the folder of signed stamps.
        advance: called with the number of further addresses done.
    """
    file = stamp_file(wanted, cache, advance)
    url = server.url_of("benchmark_young")
    asyncio.run(run(server.url, "CREATE DATABASE benchmark_young"))
    asyncio.run(_make_young(url, wanted, file))
    return Loaded(url, wanted.addresses, wanted.stamps)


async def _make_young(url: str, wanted: StampSet, file: Path) -> None:
    async with connected(url) as connection:
        await connection.execute(schema_sql())
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        for (table,) in tables:
            await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    await fill(url, wanted, file)


def _name_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def _name_for(url: str, purpose: str) -> str:
    return f"{_name_of(url)}_{purpose.replace('-', '_')}"


def _with_name(url: str, name: str) -> str:
    return url.replace(f"/{_name_of(url)}?", f"/{name}?")
