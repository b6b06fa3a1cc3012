"""The parameters of the service's statements for each address, in tables for pgbench.

They are captured from the service: it scores each address three times, and the parameters of
the third time, when its caches are warm, are kept.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import asyncpg

from benchmarks.stamps import TRUSTED_ISSUER, address_of
from passport_scorer.app import running_services
from passport_scorer.auth.key_hashes import sha256_hash
from passport_scorer.db.checks.statements import all_queries
from passport_scorer.db.database import Database
from passport_scorer.db.queries.loaded_scores import ScoringRequest
from passport_scorer.db.statement import Parameters, Query, Row
from passport_scorer.scoring.service import ScoringService
from passport_scorer.settings.model import Settings
from passport_scorer.tools.demo.world import DEMO_API_KEY, DEMO_SCORER_ID


def _statement(name: str, without: str | None = None) -> Query[Any, Any]:
    """Return a statement of the service, which keeps its statements private."""
    (found,) = (each for each in all_queries() if (each.name, each.without) == (name, without))
    return found


READ_SCORING = _statement("read_scoring", without="Human Points")
WRITE_SCORING = _statement("write_scoring")
TABLES = {READ_SCORING.name: "benchmark_read", WRITE_SCORING.name: "benchmark_write"}
_ENOUGH = 1024  # megabytes


def parameter_types(query: Query[Any, Any]) -> list[str]:
    """Return the SQL type of $1, $2, … of a statement, as its text casts them."""
    found = dict(re.findall(r"\$(\d+)::(\w+(?:\[\])?)", query.sql))
    fields = query.parameters.__struct_fields__
    return [found[str(number)] for number in range(1, len(fields) + 1)]


async def create_parameter_tables(connection: Any) -> None:
    """Create the tables: `n`, then `p1`, `p2`, … JSON is kept as text, as the service sends it."""
    for query in (READ_SCORING, WRITE_SCORING):
        columns = [
            f"p{number} {type_.replace('jsonb', 'text')}"
            for number, type_ in enumerate(parameter_types(query), 1)
        ]
        table = TABLES[query.name]
        await connection.execute(
            f"CREATE TABLE {table} (n integer PRIMARY KEY, {', '.join(columns)})"
        )


def prepare(url: str, numbers: range) -> None:
    """Score addresses, and store the parameters of their next requests."""
    asyncio.run(_prepare(url, numbers))


async def _prepare(url: str, numbers: range) -> None:
    settings = Settings(
        trusted_iam_issuers=frozenset({TRUSTED_ISSUER}),
        cache_memory=_ENOUGH,
        api_analytics=False,
    )
    async with running_services(settings, url) as services:
        for _ in range(2):  # the second time it learns which stamps are registered
            await asyncio.gather(*(_score(services.scoring, number) for number in numbers))
        listener = _Listener(services.database)
        for number in numbers:
            listener.number = number
            await _score(services.scoring, number)
    await listener.keep(url)


async def _score(scoring: ScoringService, number: int) -> None:
    """Do what the service does when a partner asks for the score of an address."""
    request = ScoringRequest(
        address_of(number),
        key_prefix=DEMO_API_KEY.key.partition(".")[0],
        external_scorer_id=str(DEMO_SCORER_ID),
        scorer_id=DEMO_SCORER_ID,
        key_hash=sha256_hash(DEMO_API_KEY.key),
    )
    await scoring.save(await scoring.load(request))


class _Listener:
    """Captures the statements sent to a database from now on, without writing anything.

    Attributes:
        number: the current address.
    """

    def __init__(self, database: Database) -> None:
        self.number = 0
        self._heard: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
        self._fetch = database.fetch
        database.fetch = database.read = self._hear  # type: ignore[method-assign]

    async def _hear(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        self._heard[query.name].append((self.number + 1, *query.arguments(parameters)))
        if query is WRITE_SCORING:
            return []
        return await self._fetch(query, parameters)

    async def keep(self, url: str) -> None:
        """Store the captured parameters in the tables; one load and one save per address."""
        connection = await asyncpg.connect(url)
        for name, rows in self._heard.items():
            await connection.copy_records_to_table(TABLES[name], records=rows)
        await connection.close()
