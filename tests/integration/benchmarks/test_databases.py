"""The databases of the benchmarks, and what is measured on them, on a small scale."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from benchmarks import pgbench
from benchmarks.contenders import Ground
from benchmarks.copies import copied, copy, drop, old_with_unscored, young
from benchmarks.database import Loaded, load, server_process, value
from benchmarks.filler import add_filler
from benchmarks.load import write_addresses
from benchmarks.plans import check_plans
from benchmarks.service_contender import ServiceContender, TooFewAddresses
from benchmarks.stamps import StampSet, address_of
from tests.conftest import PostgresqlServer

WANTED = StampSet(addresses=12, stamps=2)
# Table -> the rows of a scored address with ten stamps.
ROWS = {
    "ceramic_cache_ceramiccache": 10,
    "registry_passport": 1,
    "registry_score": 1,
    "registry_stamp": 10,
    "registry_hashscorerlink": 20,
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of signed stamps."""
    return tmp_path_factory.mktemp("stamps")


@pytest.fixture(scope="module")
def loaded(postgresql_server: PostgresqlServer, cache: Path) -> Iterator[Loaded]:
    """A database in which every address has been scored."""
    database = load(postgresql_server.server, WANTED, cache, lambda _: None)
    yield database
    drop(database.url)


def rows(url: str, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""

    async def ask() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(statement, *arguments)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def counts(url: str) -> dict[str, int]:
    """Return the number of rows of the tables of scores and stamps."""
    return {table: value(url, f"SELECT count(*) FROM {table}") for table in ROWS}


def indexes(url: str) -> list[tuple[Any, ...]]:
    """Return the definitions of all indexes."""
    return rows(url, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")


def test_addresses_are_as_if_never_scored(loaded: Loaded) -> None:
    """Only their stamps are left; the other addresses keep everything, and statistics exist."""
    unscored = old_with_unscored(loaded, range(8, 12))
    try:
        gone = {address_of(number) for number in range(8, 12)}
        kept = {address_of(number) for number in range(8)}
        for table in ("registry_passport", "registry_event", "registry_hashscorerlink"):
            found = rows(unscored.url, f"SELECT DISTINCT address FROM {table}")
            assert {address for (address,) in found} == kept
        assert counts(unscored.url) == {
            "ceramic_cache_ceramiccache": 24,
            "registry_passport": 8,
            "registry_score": 8,
            "registry_stamp": 16,
            "registry_hashscorerlink": 32,
        }
        stored = rows(unscored.url, "SELECT DISTINCT address FROM ceramic_cache_ceramiccache")
        assert {address for (address,) in stored} == kept | gone
        assert (
            value(
                unscored.url, "SELECT reltuples FROM pg_class WHERE relname = $1", "registry_stamp"
            )
            == 16
        )
        assert counts(loaded.url)["registry_passport"] == 12
    finally:
        drop(unscored.url)


def test_a_copy_is_dropped_at_the_end(loaded: Loaded) -> None:
    """Even with a session on it."""
    with copy(loaded.url, "test-copy") as url:
        assert counts(url) == counts(loaded.url)
        assert copied(loaded.url, "test-copy") == url  # replaces the first
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        value(url, "SELECT 1")


def test_pgbench_runs_what_the_service_runs(
    loaded: Loaded, postgresql_server: PostgresqlServer, tmp_path: Path
) -> None:
    """Its plans are the service's, and each transaction writes a score and an event."""
    with copy(loaded.url, "pgbench") as url:
        database = Loaded(url, loaded.addresses, loaded.stamps)
        check_plans(database)
        program = postgresql_server.server.installation.program("pgbench")
        before = value(url, "SELECT count(*) FROM registry_event")
        result = pgbench.run(database, program, tmp_path, clients=2, seconds=1, warm_up=0)
        assert value(url, "SELECT count(*) FROM registry_event") >= before + result.transactions > 0


def test_filler_has_the_rows_of_scored_addresses(loaded: Loaded) -> None:
    """As many rows for each address, all of them different, and the same indexes as before."""
    with copy(loaded.url, "filler") as url:
        before, had = counts(url), indexes(url)
        add_filler(url, range(100, 103), lambda _: None)
        add_filler(url, range(103, 105), lambda _: None)
        assert counts(url) == {table: before[table] + 5 * count for table, count in ROWS.items()}
        assert indexes(url) == had
        unlinked = value(
            url,
            "SELECT count(*) FROM registry_score AS s LEFT JOIN registry_passport AS p"
            " ON p.id = s.passport_id WHERE p.id IS NULL",
        )
        assert unlinked == 0


@pytest.fixture(scope="module")
def young_database(postgresql_server: PostgresqlServer, cache: Path) -> Iterator[Loaded]:
    """A young database."""
    database = young(postgresql_server.server, WANTED, cache, lambda _: None)
    yield database
    drop(database.url)


def test_a_young_database_knows_nothing(young_database: Loaded) -> None:
    """Stamps are stored, nothing is scored, nothing is analyzed, and nothing will be."""
    url = young_database.url
    assert counts(url) == dict.fromkeys(ROWS, 0) | {"ceramic_cache_ceramiccache": 24}
    assert value(url, "SELECT count(*) FROM pg_stats WHERE schemaname = 'public'") == 0
    tables = "FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    assert value(url, f"SELECT max(reltuples) {tables}") == -1
    assert rows(url, f"SELECT DISTINCT reloptions {tables}") == [(["autovacuum_enabled=off"],)]
    with copy(url, "copy") as other:
        assert value(other, f"SELECT max(reltuples) {tables}") == -1


@pytest.fixture
def ground(
    postgresql_server: PostgresqlServer, young_database: Loaded, tmp_path: Path
) -> Iterator[Ground]:
    """A copy of the young database, and its addresses."""
    addresses = write_addresses(tmp_path / "addresses", range(WANTED.addresses))
    process = server_process(postgresql_server.server)
    with Ground(young_database, process, addresses, tmp_path).on_a_copy("fresh") as own:
        yield own


@pytest.fixture
def fresh_service(ground: Ground) -> Iterator[ServiceContender]:
    """A new process on a copy of the young database."""
    with ExitStack() as stack:
        yield ground.service(stack, "fresh", workers=1)


def test_seconds_are_measured_from_the_first_request(fresh_service: ServiceContender) -> None:
    """The first second is listed, and not counted."""
    measured = fresh_service.measure_by_second(2, 3)
    assert len(measured.by_second) == 3
    assert min(measured.by_second) > 0
    assert fresh_service.requests > measured.requests > 0
    assert measured.python_cpu_ms > 0


def test_a_second_request_for_an_address_fails_the_measurement(
    fresh_service: ServiceContender,
) -> None:
    """It would measure an address that has been scored."""
    with pytest.raises(TooFewAddresses):
        fresh_service.measure_once(2, 1, WANTED.addresses)


def test_each_address_is_requested_once(ground: Ground) -> None:
    """Also by the second that comes before the measurement; some of them have no stamps here."""
    many = 20_000
    write_addresses(ground.addresses, range(many))
    with ExitStack() as stack:
        service = ground.service(stack, "fresh", workers=1)
        measured = service.measure_once(4, 1, many)
    scored, different = rows(
        ground.loaded.url, "SELECT count(*), count(DISTINCT address) FROM registry_event"
    )[0]
    assert scored == different >= service.requests > measured.requests > 0
