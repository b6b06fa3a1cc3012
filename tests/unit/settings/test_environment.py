"""The environment is read in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import passport_scorer
from passport_scorer.db.url import InvalidDatabaseLocation
from passport_scorer.settings.environment import read_database_settings, read_home, read_settings

SOURCE = Path(passport_scorer.__file__).parent
READERS = {"settings/environment.py", "db/libpq_environment.py"}
SETTERS = {"telemetry/prometheus.py"}  # its library takes a folder in no other way
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}


def uses(path: Path) -> Iterator[str]:
    """The uses of the environment in a module: it reads variables, or sets some."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    stored = {
        node.value
        for node in nodes
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    }
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name("os"), attr=name) if name in ENVIRONMENT:
                yield "sets" if node in stored else "reads"
            case ast.ImportFrom(module="os", names=names) if ENVIRONMENT & {n.name for n in names}:
                yield "reads"


def test_only_the_settings_read_the_environment() -> None:
    """Only one module reads variables, and one more reads libpq's, as the driver does."""
    found = {path.relative_to(SOURCE).as_posix(): list(uses(path)) for path in SOURCE.rglob("*.py")}
    assert {name for name, used in found.items() if "reads" in used} == READERS
    assert {name for name, used in found.items() if set(used) == {"sets"}} == SETTERS


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"DATABASE_URL": "  psql://me@localhost/a  ", "RDS_PROXY_URL": "psql://me@h/b"},
        {"DATABASE_URL": "  ", "RDS_PROXY_URL": "pgsql://me@h/b?keepalives=1"},
        {"PASSPORT_SCORER_HOME": " /data ", "DATABASE_POOL_SIZE": "7"},
        {"PASSPORT_SCORER_HOME": "  "},
    ],
)
def test_commands_and_the_service_use_the_same_database(environ: dict[str, str]) -> None:
    """`passport-scorer db` reads the same database and folder as the service."""
    assert read_database_settings(environ) == read_settings(environ)
    assert read_home(environ).embedded_folder == read_settings(environ).embedded_folder


def test_database_url_comes_before_rds_proxy_url() -> None:
    """RDS_PROXY_URL counts only without DATABASE_URL; without both, it is the embedded server."""
    proxy, direct = "postgresql://me@localhost/proxy", "postgresql://me@localhost/direct"
    both = {"RDS_PROXY_URL": proxy, "DATABASE_URL": direct}
    assert read_settings(both).database_url == direct
    assert read_settings({**both, "DATABASE_URL": ""}).database_url == proxy
    assert read_settings({}).database_url is None


def test_a_command_ignores_settings_that_it_does_not_need() -> None:
    """`db stop` works with a malformed URL; `db init` with a malformed setting of the service."""
    assert read_home({"DATABASE_URL": "none", "PASSPORT_SCORER_HOME": "/data"}).home == "/data"
    assert read_database_settings({"PORT": "none"}).port == 8000
    with pytest.raises(InvalidDatabaseLocation):
        read_database_settings({"DATABASE_URL": "none"})


def test_the_embedded_server_lives_below_the_current_folder() -> None:
    """Its data is in .passport-scorer/postgresql, or below PASSPORT_SCORER_HOME."""
    assert str(read_home({}).embedded_folder) == ".passport-scorer/postgresql"
    home = {"PASSPORT_SCORER_HOME": "/data"}
    assert str(read_home(home).embedded_folder) == "/data/postgresql"
