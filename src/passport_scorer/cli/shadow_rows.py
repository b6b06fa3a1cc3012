"""`passport-scorer shadow rows`: compare what both left in their tables."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec

from passport_scorer.cli.errors import one_line
from passport_scorer.cli.extras import import_from_extra
from passport_scorer.cli.output import Json
from passport_scorer.cli.shadow_live import (
    Showing,
    leave_report,
    shown_while,
    stopping,
)
from passport_scorer.cli.shadow_options import (
    InvalidOption,
    Texts,
)
from passport_scorer.db.queries.row_comparison import COMPARED_TABLES, ComparedTable
from passport_scorer.db.row_stream import snapshot
from passport_scorer.db.url import secured, without_password
from passport_scorer.settings.environment import process_environment
from passport_scorer.tools.shadow.recorder import Recorder
from passport_scorer.tools.shadow.report.metadata import About
from passport_scorer.tools.shadow.report.writer import prepare
from passport_scorer.tools.shadow.rows import compare_tables
from passport_scorer.tools.shadow.rules import read_rulebook
from passport_scorer.tools.shadow.tally import Tally


@one_line
def rows(
    *,
    control: str = "",
    candidate: str = "",
    table: Texts = (),
    rules: Texts = (),
    output: Path = Path("shadow-report"),
    json: Json = False,
) -> int:
    """Compare what both left in their tables, without surrogate ids. Reads only.

    Each database is read in one read-only transaction that sees one moment, a few hundred rows
    at a time. Stop the traffic first, or expect the rows that were written in between.

    Addresses with a password are better given as CONTROL_DATABASE_URL and
    CANDIDATE_DATABASE_URL in the environment, where no list of processes shows them.

    For example:

        passport-scorer shadow rows --control postgresql://reader@old/scorer
        --candidate postgresql://reader@new/scorer --table registry_score

    Parameters
    ----------
    control
        Address of the database of the one that serves today.
    candidate
        Address of the other one's.
    table
        Only this table; may be given several times. By default all that the service writes.
    rules
        More rules: a file, existing-deployment or copied-database. May be given several times.
    output
        Folder of the report.
    """
    import_from_extra("jinja2", "report")
    environ = process_environment()
    control = secured(control or environ.get("CONTROL_DATABASE_URL", ""), "--control")
    candidate = secured(candidate or environ.get("CANDIDATE_DATABASE_URL", ""), "--candidate")
    rulebook = read_rulebook(rules)
    chosen = _tables(table)
    about = About(
        title="Shadow rows",
        control=without_password(control)[0],
        candidate=without_password(candidate)[0],
        unit="keys",
        times="of the rows",
    )
    prepare(output)
    tally = Tally(began=time.time())
    recorder = Recorder(rulebook, tally)
    complete = True

    async def run(showing: Showing) -> None:
        nonlocal complete
        stopped = asyncio.Event()
        async with (
            snapshot(control) as left,
            snapshot(candidate) as right,
        ):
            with stopping(stopped.set):
                await compare_tables(left, right, chosen, recorder, stopped, showing.progress)
        complete = not stopped.is_set()

    showing = Showing(about, tally, rulebook, lambda: None)
    started = time.monotonic()
    asyncio.run(shown_while(run(showing), showing))
    tally.busy = time.monotonic() - started
    return leave_report(
        output, msgspec.structs.replace(about, complete=complete), tally, rulebook, json=json
    )


def _tables(names: tuple[str, ...]) -> tuple[ComparedTable, ...]:
    known = {table.name: table for table in COMPARED_TABLES}
    for name in names:
        if name not in known:
            raise InvalidOption(f"--table {name}: expected one of {', '.join(known)}.")
    return tuple(known[name] for name in names) or COMPARED_TABLES
