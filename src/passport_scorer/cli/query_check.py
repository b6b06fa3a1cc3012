"""`passport-scorer db check-queries`: checks every query against the tables."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from passport_scorer.cli.errors import Status
from passport_scorer.cli.output import Json, print_json
from passport_scorer.db.checks.statements import all_queries
from passport_scorer.db.checks.statements import check_queries as find_problems
from passport_scorer.db.schema.creation import create_schema
from passport_scorer.db.url import connected
from passport_scorer.tools.embedded_postgres import EmbeddedServer
from passport_scorer.tools.signals import signals_as_interruptions


def check_queries(*, json: Json = False) -> int:
    """Prepare every query against the tables, and compare the types on both sides.

    For contributors, and part of `make check`. Creates the tables in a temporary PostgreSQL; no
    other database is touched. Exit status: 0 if all queries fit, 1 if not.

    For example:

        passport-scorer db check-queries
    """
    with signals_as_interruptions(), tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            Path(folder).chmod(0o711)  # PostgreSQL doesn't run as root, and needs access
        with EmbeddedServer(Path(folder) / "postgresql", shared=Path(folder)) as server:
            problems = asyncio.run(_check(server.url))
    if json:
        print_json({"queries": len(all_queries()), "problems": problems})
    else:
        _print_problems(problems)
    return Status.FOUND if problems else Status.FINE


def _print_problems(problems: list[str]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"All {len(all_queries())} queries fit the tables.")


async def _check(url: str) -> list[str]:
    async with connected(url) as connection:
        await create_schema(connection, own=True)
    return await find_problems(url)
