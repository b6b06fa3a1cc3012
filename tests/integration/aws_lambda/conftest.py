"""A database with the demo's data, functions on it, and what stands for AWS."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from passport_scorer.aws_lambda.function import LambdaFunction
from passport_scorer.tools.demo.world import DEMO_API_KEY, TRUSTED_ISSUERS

from .amazon import SecretsManager, Servers

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer

EVENTS = Path(__file__).parent / "events"
MakeFunction = Callable[..., LambdaFunction]


class Sandbox:
    """A function's database, seen from outside."""

    def __init__(self, server: PostgresqlServer, url: str) -> None:
        self._server = server
        self.url = url
        self.name = urlsplit(url).path.removeprefix("/")

    def run(self, sql: str) -> str:
        """Run SQL, and return what it prints."""
        return self._server.run(sql, self.name)

    def usage(self) -> int:
        """Return the number of recorded partner calls."""
        return int(self.run("SELECT count(*) FROM account_accountapikeyanalytics"))

    def sessions(self) -> list[int]:
        """Return the server processes that serve other sessions."""
        found = self.run(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return [int(line) for line in found.splitlines()]

    def end_sessions(self) -> int:
        """End all connections but our own, and say how many there were."""
        sessions = self.sessions()
        for session in sessions:
            self.run(f"SELECT pg_terminate_backend({session}, 5000)")
        return len(sessions)

    def settings(self, **changes: str) -> dict[str, str]:
        """The variables of a function on this database."""
        return {
            "DATABASE_URL": self.url,
            "TRUSTED_IAM_ISSUERS": json.dumps(sorted(TRUSTED_ISSUERS)),
            "OTEL_ENABLED": "off",
            **changes,
        }


@pytest.fixture
def sandbox(postgresql_server: PostgresqlServer, demo_database_url: str) -> Sandbox:
    """A fresh database with the demo's data."""
    return Sandbox(postgresql_server, demo_database_url)


@pytest.fixture
def make_function(sandbox: Sandbox) -> Iterator[MakeFunction]:
    """Makes functions on the database of `sandbox`; variables differ from what is usual."""
    made: list[LambdaFunction] = []

    def make(clock: Callable[[], float] | None = None, **changes: str) -> LambdaFunction:
        clocks = () if clock is None else (clock,)
        made.append(LambdaFunction(sandbox.settings(**changes), *clocks))
        return made[-1]

    yield make
    for function in made:
        function.close()


def recorded(name: str, path: str, **changes: Any) -> dict[str, Any]:
    """An event as it was recorded, for this path, with the demo's key."""
    text = (EVENTS / f"{name}.json").read_text()
    text = text.replace('"PATH"', json.dumps(path)).replace('"KEY"', json.dumps(DEMO_API_KEY.key))
    return {**json.loads(text), **changes}


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsManager]:
    """A Secrets Manager, and an environment in which AWS's library finds it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    manager = SecretsManager()
    with Servers.running(manager) as place:
        for name, value in manager.environment(place).items():
            monkeypatch.setenv(name, value)
        yield manager
