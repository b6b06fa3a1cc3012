"""A separate PostgreSQL with production settings, and databases full of stamps."""

from __future__ import annotations

import asyncio
import gzip
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from benchmarks.parameters import create_parameter_tables, prepare
from benchmarks.processes import Process
from benchmarks.stamps import COLUMNS, Advance, StampSet, provider_of, stamp_file
from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.db.queries.demo import seed_demo
from passport_scorer.db.schema import schema_sql
from passport_scorer.tools.demo.rows import tables
from passport_scorer.tools.embedded_postgres import EmbeddedServer
from passport_scorer.tools.embedded_postgres.postmaster import Postmaster

# As in production, except for checkpoints: none must fall into only one measurement.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "max_wal_senders": "10",
    "shared_buffers": "1GB",
    "max_connections": "200",
    "random_page_cost": "1.1",
    "checkpoint_timeout": "30min",
    "max_wal_size": "8GB",
    "min_wal_size": "8GB",
}
# A server that has run for a while reuses the files of its write-ahead log. Creating a new
# one blocks all clients for some 60 ms, once in about 2,000 requests.
LOG_FILES = 192
FEW_LOG_FILES = 24  # for a rehearsal
_LOG_FILE = 16_000_000  # bytes of text that fill one file
THRESHOLD = "20"
_ADDRESSES_AT_ONCE = 100


class Loaded(msgspec.Struct, frozen=True):
    """A database full of stamps, with each address scored once.

    Attributes:
        url: its URL.
        addresses: the number of addresses.
        stamps: the number of stamps per address.
    """

    url: str
    addresses: int
    stamps: int


@contextmanager
def running_server(log_files: int = LOG_FILES) -> Iterator[EmbeddedServer]:
    """Run PostgreSQL in a temporary folder, with this number of files for its log."""
    with tempfile.TemporaryDirectory(prefix="passport-scorer-benchmark-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL does not run as root, and needs access
        place = Path(folder) / "postgresql"
        with EmbeddedServer(place, settings=SETTINGS, shared=Path(folder) / "shared") as server:
            asyncio.run(_make_log_files(server.url, log_files))
            yield server


async def _make_log_files(url: str, count: int) -> None:
    async with connected(url) as connection:
        for _ in range(count):
            await connection.execute(
                "SELECT pg_logical_emit_message(false, 'benchmark', repeat('x', $1))", _LOG_FILE
            )
        await connection.execute("CHECKPOINT")


def server_process(server: EmbeddedServer) -> Process:
    """Return the process of a running server."""
    postmaster = Postmaster.named_in(server.folder / "data")
    assert postmaster is not None
    return Process(postmaster.pid)


def load(server: EmbeddedServer, wanted: StampSet, cache: Path, advance: Advance) -> Loaded:
    """Create a database with these stamps, and score every address; do it once for each set.

    The database is not to be changed: others are copies of it.

    Args:
        server: the server.
        wanted: the stamps.
        cache: the folder of signed stamps, kept between runs.
        advance: called with the number of further addresses done, twice for each.
    """
    name = f"benchmark_{wanted.addresses}x{wanted.stamps}"
    url = server.url_of(name)
    if value(server.url, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name):
        advance(2 * wanted.addresses)
        return Loaded(url, wanted.addresses, wanted.stamps)
    file = stamp_file(wanted, cache, advance)
    asyncio.run(_create(server.url, url, name))
    asyncio.run(fill(url, wanted, file))
    ranges = [
        range(first, min(first + _ADDRESSES_AT_ONCE, wanted.addresses))
        for first in range(0, wanted.addresses, _ADDRESSES_AT_ONCE)
    ]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for numbers, _ in zip(ranges, pool.map(prepare, [url] * len(ranges), ranges), strict=True):
            advance(len(numbers))
    asyncio.run(run(url, "VACUUM (ANALYZE)", "CHECKPOINT"))
    return Loaded(url, wanted.addresses, wanted.stamps)


async def run(url: str, *statements: str) -> None:
    """Run statements, each in its own transaction."""
    async with connected(url) as connection:
        for statement in statements:
            await connection.execute(statement)


def value(url: str, statement: str, *arguments: object) -> Any:
    """Return the single value of a statement."""

    async def ask() -> Any:
        async with connected(url) as connection:
            return await connection.fetchval(statement, *arguments)

    return asyncio.run(ask())


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """Open a connection until the end of the block."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def copy_stamps(connection: Any, file: Path, table: str) -> None:
    """Copy the stamps of a file into a table."""
    with gzip.open(file, "rb") as rows:
        await connection.copy_to_table(
            table, source=rows, columns=COLUMNS, format="csv", null="\\N"
        )


async def fill(url: str, wanted: StampSet, file: Path) -> None:
    """Store stamps, and the community, account and key of the requests, in an unused database."""
    async with connected(url) as connection:
        await copy_stamps(connection, file, "ceramic_cache_ceramiccache")
    database = Database(DatabaseSettings(url))
    await database.open()
    await seed_demo(database, _community_of(wanted))
    await database.close()


async def _create(server_url: str, url: str, name: str) -> None:
    await run(server_url, f"CREATE DATABASE {name}")
    async with connected(url) as connection:
        await connection.execute(schema_sql())
        await create_parameter_tables(connection)


def _community_of(wanted: StampSet) -> str:
    """Return the demo's accounts, keys and communities as JSON, with weights for the stamps."""
    weights = {provider_of(number): f"{number % 20 + 1}.5" for number in range(wanted.stamps)}
    scorer = {"scorer_ptr_id": 1, "weights": weights, "threshold": THRESHOLD}
    own = {"scorer_weighted_binaryweightedscorer": [scorer], "ceramic_cache_ceramiccache": []}
    rows = tables() | {"scorer_weighted_weightedscorer": []} | own
    return msgspec.json.encode(rows).decode()
