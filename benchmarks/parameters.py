"""The statements of a warm request, and their parameters for each address, in tables for pgbench.

They are captured from the service: it scores each address three times, and the parameters of
the third time, when its caches are warm, are kept.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import asyncpg
import msgspec
from msgspec.structs import replace

from benchmarks.environment import environment
from benchmarks.stamps import address_of
from passport_scorer.app import running_services
from passport_scorer.auth.key_hashes import sha256_hash
from passport_scorer.db.checks.statements import all_queries
from passport_scorer.db.database import Database
from passport_scorer.db.queries.loaded_scores import ScoringRequest
from passport_scorer.db.statement import Parameters, Query, Row
from passport_scorer.scoring.service import ScoringService
from passport_scorer.settings.environment import read_settings
from passport_scorer.tools.demo.world import DEMO_API_KEY, DEMO_SCORER_ID


def _statement(name: str, without: str | None = None) -> Query[Any, Any]:
    """Return a statement of the service, which keeps its statements private."""
    (found,) = (each for each in all_queries() if (each.name, each.without) == (name, without))
    return found


class StatementsChanged(Exception):
    """A warm request runs other statements than `WARM_REQUEST`: adapt it."""


class Step(msgspec.Struct, frozen=True):
    """A statement of a warm request, and where pgbench takes its parameters from.

    Attributes:
        query: the statement.
        table: the table with the captured parameters; row `n` is that of an address.
        instead: parameter -> the SQL that replaces it where the captured value would be out of
            date. `:name` is a column of the statement before; `{name}` stands for the captured
            value of another parameter. A scan of a table whose alias begins with `benchmark_` is
            not part of the service's plan.
    """

    query: Query[Any, Any]
    table: str
    instead: Mapping[str, str] = {}


# Everything that pgbench runs for one request, in order: all else follows from it.
WARM_REQUEST: tuple[Step, ...] = (
    Step(_statement("touch_scores"), "benchmark_touch", {"computed_at": "now()"}),
)
HOW_MANY = {1: "one statement", 2: "two statements"}[len(WARM_REQUEST)]
_ENOUGH = 10_000_000
_AT_ONCE = 16  # so that none waits too long for a connection, even with many stamps


def parameter_types(query: Query[Any, Any]) -> list[str]:
    """Return the SQL type of $1, $2, … of a statement, as its text casts them."""
    found = dict(re.findall(r"\$(\d+)::(\w+(?:\[\])?)", query.sql))
    fields = query.parameters.__struct_fields__
    return [found[str(number)] for number in range(1, len(fields) + 1)]


async def create_parameter_tables(connection: Any) -> None:
    """Create the tables: `n`, then `p1`, `p2`, … JSON is kept as text, as the service sends it."""
    for step in WARM_REQUEST:
        columns = [
            f"p{number} {type_.replace('jsonb', 'text')}"
            for number, type_ in enumerate(parameter_types(step.query), 1)
        ]
        await connection.execute(
            f"CREATE TABLE {step.table} (n integer PRIMARY KEY, {', '.join(columns)})"
        )


def prepare(url: str, numbers: range) -> None:
    """Score addresses, and store the parameters of their next requests."""
    asyncio.run(_prepare(url, numbers))


async def _prepare(url: str, numbers: range) -> None:
    settings = replace(read_settings(environment(url, _ENOUGH)), api_analytics=False)
    async with running_services(settings, url) as services:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def score(number: int) -> None:
            async with slots:
                await _score(services.scoring, number)

        for _ in range(2):  # the second time it learns which stamps are registered
            await asyncio.gather(*map(score, numbers))
        listener = _Listener(services.database)
        key = await _key_version(url)
        for number in numbers:
            listener.number = number
            if await services.scoring.touch(_request(number), key) is None:
                raise StatementsChanged("A warm request is not a touch.")
    await listener.keep(url)


async def _key_version(url: str) -> str:
    """Return the version of the demo's API key, as the service would cache it."""
    connection = await asyncpg.connect(url)
    try:
        version: str = await connection.fetchval(
            "SELECT id || ':' || xmin FROM account_accountapikey WHERE prefix = $1",
            DEMO_API_KEY.key.partition(".")[0],
        )
        return version
    finally:
        await connection.close()


async def _score(scoring: ScoringService, number: int) -> None:
    """Do what the service does when a partner asks for a score that is not cached."""
    await scoring.save(await scoring.load(_request(number)))


def _request(number: int) -> ScoringRequest:
    return ScoringRequest(
        address_of(number),
        key_prefix=DEMO_API_KEY.key.partition(".")[0],
        external_scorer_id=str(DEMO_SCORER_ID),
        scorer_id=DEMO_SCORER_ID,
        key_hash=sha256_hash(DEMO_API_KEY.key),
    )


class _Listener:
    """Captures the statements sent to a database from now on, and runs them.

    Attributes:
        number: the current address.
    """

    def __init__(self, database: Database) -> None:
        self.number = 0
        self._heard: dict[str, list[tuple[Any, ...]]] = {
            step.query.name: [] for step in WARM_REQUEST
        }
        self._fetch = database.fetch
        database.fetch = database.read = self._hear  # type: ignore[method-assign]

    async def _hear(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        if query.name not in self._heard:
            raise StatementsChanged(f"A warm request runs {query.name}, too.")
        self._heard[query.name].append((self.number + 1, *query.arguments(parameters)))
        return await self._fetch(query, parameters)

    async def keep(self, url: str) -> None:
        """Store the captured parameters in the tables; each statement ran once per address."""
        connection = await asyncpg.connect(url)
        for step in WARM_REQUEST:
            await connection.copy_records_to_table(step.table, records=self._heard[step.query.name])
        await connection.close()
