"""Checks that pgbench runs the same plans as the service, not merely similar text."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

from benchmarks.database import Loaded, connected
from benchmarks.parameters import READ_SCORING, WRITE_SCORING
from benchmarks.pgbench import FROM_READ, StatementChanged, from_table

Scan = tuple[str, str, str]
# The few scorers are on one page: the scan method makes no difference.
_OF_ONE_PAGE = "scorer_weighted_"
_VARIABLE = re.compile(r"(?<!:):(?!:)\w+")


def check_plans(loaded: Loaded) -> None:
    """Compare the scans of the service's tables in both.

    Raises:
        StatementChanged: a table has another scan method, or another number of scans.
    """
    for query, instead in ((READ_SCORING, {}), (WRITE_SCORING, FROM_READ)):
        own = scans(loaded, query.sql)
        alone = scans(loaded, _numbered(from_table(query, instead)))
        if own != alone:
            different = set(own) ^ set(alone) or "their number"
            raise StatementChanged(f"{query.name}: pgbench's plan differs: {different}")


def scans(loaded: Loaded, sql: str) -> list[Scan]:
    """Return the scans of the service's tables in the generic plan of a statement."""
    return sorted(_scans(asyncio.run(_plan(loaded.url, sql))))


async def _plan(url: str, sql: str) -> dict[str, Any]:
    parameters = max(int(number) for number in re.findall(r"\$(\d+)", sql))
    nothing = ", ".join(["NULL"] * parameters)
    async with connected(url) as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE measured AS {sql}")
        explained = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE measured ({nothing})")
    plan: dict[str, Any] = json.loads(explained)[0]["Plan"]
    return plan


def _numbered(script: str) -> str:
    """Replace pgbench's variables with parameters."""
    numbers: dict[str, int] = {}
    return _VARIABLE.sub(lambda match: f"${numbers.setdefault(match[0], len(numbers) + 1)}", script)


def _scans(node: dict[str, Any]) -> Iterator[Scan]:
    relation = node.get("Relation Name", "")
    if relation.startswith(_OF_ONE_PAGE):
        yield "", relation, ""
    elif relation and not relation.startswith("benchmark_"):
        yield node["Node Type"], relation, node.get("Index Name", "")
    if node["Node Type"] == "Bitmap Index Scan":
        yield node["Node Type"], "", node["Index Name"]
    for child in node.get("Plans", ()):
        yield from _scans(child)
