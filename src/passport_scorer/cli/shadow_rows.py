"""`passport-scorer shadow rows`: compare the tables of both deployments."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec

from passport_scorer.cli.output import Json
from passport_scorer.cli.shadow_live import (
    LiveDisplay,
    finish_report,
    run_with_display,
    stop_on_signal,
)
from passport_scorer.cli.shadow_options import (
    InvalidOption,
    Texts,
)
from passport_scorer.db.queries.row_comparison import COMPARED_TABLES, ComparedTable
from passport_scorer.db.row_stream import snapshot
from passport_scorer.db.url import secured, without_password
from passport_scorer.extras import require
from passport_scorer.settings.environment import process_environment
from passport_scorer.tools.shadow.recorder import Recorder
from passport_scorer.tools.shadow.report.metadata import ReportMetadata
from passport_scorer.tools.shadow.report.writer import prepare_folder
from passport_scorer.tools.shadow.rows import compare_tables
from passport_scorer.tools.shadow.rules import read_rulebook
from passport_scorer.tools.shadow.tally import Tally


def rows(
    *,
    control: str = "",
    candidate: str = "",
    table: Texts = (),
    rules: Texts = (),
    output: Path = Path("shadow-report"),
    json: Json = False,
) -> int:
    """Compare the tables of both databases, ignoring surrogate ids. Writes nothing.

    Each database is read in a single read-only transaction, a few hundred rows at a time. Stop
    traffic first, or the rows written in between will show up as differences.

    Pass URLs with a password in the environment variables CONTROL_DATABASE_URL and
    CANDIDATE_DATABASE_URL, so that process listings do not show them.

    For example:

        passport-scorer shadow rows --control postgresql://reader@old/scorer
        --candidate postgresql://reader@new/scorer --table registry_score

    Parameters
    ----------
    control
        URL of the database of the deployment in production.
    candidate
        URL of the database of the deployment under test.
    table
        Compare only this table. Can be repeated. Default: all tables that the service writes.
    rules
        Additional rules: a file, existing-deployment or copied-database. Can be repeated.
    output
        Folder for the report.
    """
    require("report", "passport-scorer shadow")
    urls = _urls(control, candidate)
    rulebook = read_rulebook(rules)
    chosen = _tables(table)
    metadata = _metadata(*urls)
    prepare_folder(output)
    tally = Tally(began=time.time())
    display = LiveDisplay(metadata, tally, rulebook, lambda: None)
    complete = _compare(urls, chosen, Recorder(rulebook, tally), display)
    finished = msgspec.structs.replace(metadata, complete=complete)
    return finish_report(output, finished, tally, rulebook, json=json)


def _urls(control: str, candidate: str) -> tuple[str, str]:
    environ = process_environment()
    return (
        secured(control or environ.get("CONTROL_DATABASE_URL", ""), "--control"),
        secured(candidate or environ.get("CANDIDATE_DATABASE_URL", ""), "--candidate"),
    )


def _metadata(control: str, candidate: str) -> ReportMetadata:
    return ReportMetadata(
        title="Shadow rows",
        control=without_password(control)[0],
        candidate=without_password(candidate)[0],
        unit="keys",
        times="of the rows",
    )


def _compare(
    urls: tuple[str, str],
    tables: tuple[ComparedTable, ...],
    recorder: Recorder,
    display: LiveDisplay,
) -> bool:
    """Compare the tables until the end or a signal; return False if they weren't all compared."""
    stopped = asyncio.Event()

    async def run() -> None:
        async with snapshot(urls[0]) as control, snapshot(urls[1]) as candidate:
            with stop_on_signal(stopped.set):
                await compare_tables(
                    control, candidate, tables, recorder, stopped, display.progress
                )

    started = time.monotonic()
    asyncio.run(run_with_display(run(), display))
    recorder.tally.busy = time.monotonic() - started
    return not stopped.is_set()


def _tables(names: tuple[str, ...]) -> tuple[ComparedTable, ...]:
    known = {table.name: table for table in COMPARED_TABLES}
    for name in names:
        if name not in known:
            raise InvalidOption(f"--table {name}: expected one of {', '.join(known)}.")
    return tuple(known[name] for name in names) or COMPARED_TABLES
