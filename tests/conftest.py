"""The database fixtures: a real PostgreSQL for the session, a fresh database for each test."""

import itertools
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from passport_scorer.db.schema import schema_sql
from passport_scorer.tools.embedded_postgres import EmbeddedServer, Installation, find_installation
from tests.support.admin_connection import AdminConnection
from tests.support.demo_data import seed_demo
from tests.support.hypothesis_profiles import load_profile
from tests.support.markers import mark_by_folder
from tests.support.memory_folder import use_memory_for_temporary_files
from tests.support.recordings import rows_before
from tests.support.slow_first import slow_first

use_memory_for_temporary_files()
load_profile()

# This database does not have to survive a power cut.
FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark tests by their folders, before -m selects some."""
    mark_by_folder(item)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with slow tests, after pytest-randomly has shuffled all of them."""
    slow_first(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how to run the tests in the same order again."""
    seed = terminalreporter.config.getoption("randomly_seed", None)
    if isinstance(seed, int):
        terminalreporter.write_line(f"Random order: the same again with --randomly-seed={seed}")


class PostgresqlServer:
    """A running server, and the databases on it."""

    def __init__(self, server: EmbeddedServer, admin: AdminConnection) -> None:
        self.server = server
        self._admin = admin
        self._numbers = itertools.count(1)

    def run(self, sql: str, database: str = "postgres") -> str:
        """Execute SQL with psql and return its output."""
        psql = self.server.installation.program("psql")
        options = ["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.server.url_of(database)]
        done = subprocess.run(
            [psql, *options], input=sql, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def template(self, name: str, sql: str) -> str:
        """Make a database to copy others from, and return its name."""
        self.run(f"CREATE DATABASE {name}")
        self.run(sql, name)
        return name

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Make a database for a while, and return its URL."""
        name = f"test_{next(self._numbers)}"
        # PostgreSQL's other strategy writes every page to the WAL, which takes three times longer.
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self.server.url_of(name)
        finally:
            self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A short-lived folder that PostgreSQL's account can reach, also when root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="passport-scorer-tests-") as folder:
        if os.geteuid() == 0:
            Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgresql_installation() -> Installation | None:
    """PostgreSQL of the major version in TEST_POSTGRESQL, which is installed in the system.

    None, unless it is set: the programs are those that the service finds by itself.
    """
    version = os.environ.get("TEST_POSTGRESQL")
    return find_installation(int(version)) if version else None


@pytest.fixture(scope="session")
def postgresql_server(
    server_folder: Path, postgresql_installation: Installation | None
) -> Iterator[PostgresqlServer]:
    """An embedded server for the whole session."""
    with (
        EmbeddedServer(
            server_folder / "postgresql",
            settings=FAST_SETTINGS,
            installation=postgresql_installation,
            shared=server_folder,
        ) as server,
        AdminConnection(server.url_of("postgres")) as admin,
    ):
        yield PostgresqlServer(server, admin)


@pytest.fixture(scope="session")
def schema_template(postgresql_server: PostgresqlServer) -> str:
    """The name of a database with our tables."""
    return postgresql_server.template("template_with_schema", schema_sql())


@pytest.fixture(scope="session")
def reference_template(postgresql_server: PostgresqlServer) -> str:
    """The name of a database like the recorded deployment's, with its rows."""
    return postgresql_server.template("template_of_reference", schema_sql() + rows_before())


@pytest.fixture(scope="session")
async def demo_template(
    postgresql_server: PostgresqlServer, schema_template: str
) -> AsyncIterator[str]:
    """The name of a database with the demo's data."""
    with postgresql_server.database(schema_template) as url:
        await seed_demo(url)
        yield urlsplit(url).path.removeprefix("/")


@pytest.fixture
def empty_database(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """The URL of a fresh database with nothing in it."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture
def database_url(postgresql_server: PostgresqlServer, schema_template: str) -> Iterator[str]:
    """The URL of a fresh database with our tables, without rows."""
    with postgresql_server.database(schema_template) as url:
        yield url


@pytest.fixture
def demo_database_url(postgresql_server: PostgresqlServer, demo_template: str) -> Iterator[str]:
    """The URL of a fresh database with the demo's data."""
    with postgresql_server.database(demo_template) as url:
        yield url


@pytest.fixture
def reference_database_url(
    postgresql_server: PostgresqlServer, reference_template: str
) -> Iterator[str]:
    """The URL of a fresh copy of an existing deployment's database, rows included."""
    with postgresql_server.database(reference_template) as url:
        yield url
