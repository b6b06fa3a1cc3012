"""Checks that pgbench runs the same plans as the service, not merely similar text."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Container, Iterator
from typing import Any

from benchmarks.database import Loaded, connected
from benchmarks.parameters import WARM_REQUEST
from benchmarks.pgbench import StatementChanged, from_table

Scan = tuple[str, str, str]
# The scan method of a small table makes no difference, and is decided by a few rows.
_SMALL = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relpages < 20"
_ONLY_OURS = "benchmark_"  # alias of a table that only pgbench's form of a statement scans
_VARIABLE = re.compile(r"(?<!:):(?!:)\w+")


def check_plans(loaded: Loaded) -> None:
    """Compare the scans of the service's tables in both.

    Raises:
        StatementChanged: a table has another scan method, or another number of scans.
    """
    for step in WARM_REQUEST:
        own = scans(loaded, step.query.sql)
        alone = scans(loaded, _numbered(from_table(step)))
        if own != alone:
            different = set(own) ^ set(alone) or "their number"
            raise StatementChanged(f"{step.query.name}: pgbench's plan differs: {different}")


def scans(loaded: Loaded, sql: str) -> list[Scan]:
    """Return the scans of the service's tables in the generic plan of a statement."""
    plan, small = asyncio.run(_plan(loaded.url, sql))
    return sorted(_scans(plan, small))


async def _plan(url: str, sql: str) -> tuple[dict[str, Any], set[str]]:
    """Return the generic plan of a statement, and the names of all small tables."""
    parameters = max(int(number) for number in re.findall(r"\$(\d+)", sql))
    nothing = ", ".join(["NULL"] * parameters)
    async with connected(url) as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE measured AS {sql}")
        explained = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE measured ({nothing})")
        small = {name for (name,) in await connection.fetch(_SMALL)}
    plan: dict[str, Any] = json.loads(explained)[0]["Plan"]
    return plan, small


def _numbered(script: str) -> str:
    """Replace pgbench's variables with parameters."""
    numbers: dict[str, int] = {}
    return _VARIABLE.sub(lambda match: f"${numbers.setdefault(match[0], len(numbers) + 1)}", script)


def _scans(node: dict[str, Any], small: Container[str]) -> Iterator[Scan]:
    relation = node.get("Relation Name", "")
    if node.get("Alias", "").startswith(_ONLY_OURS):
        return
    if relation in small:
        yield "", relation, ""
        return
    if relation or node["Node Type"] == "Bitmap Index Scan":
        yield node["Node Type"], relation, node.get("Index Name", "")
    for child in node.get("Plans", ()):
        yield from _scans(child, small)
