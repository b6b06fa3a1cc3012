"""`passport-scorer db …`: creates, inspects and opens the database."""

import asyncio
import shutil
import signal
import subprocess
import sys
from contextlib import AbstractContextManager
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from passport_scorer.cli.database_report import Report, print_lines, print_report
from passport_scorer.cli.database_rows import ROW_CHECKS
from passport_scorer.cli.errors import Status, complain
from passport_scorer.cli.output import Json, print_json
from passport_scorer.cli.query_check import check_queries
from passport_scorer.cli.target_database import target_database
from passport_scorer.cli.unset_settings import unset_settings
from passport_scorer.db.checks import (
    Description,
    Finding,
    check_rows,
    compare,
    describe,
    expected_tables,
    read_deployment,
    recorded,
)
from passport_scorer.db.connecting import DatabaseSettings
from passport_scorer.db.queries.row_checks import StoredDeployment
from passport_scorer.db.schema.creation import create_schema
from passport_scorer.db.url import connected, without_password
from passport_scorer.settings.environment import (
    process_environment,
    read_database_settings,
    read_home,
)
from passport_scorer.tools.embedded_postgres import (
    EmbeddedServer,
    find_installation,
)
from passport_scorer.tools.signals import signals_as_interruptions

app = App(
    name="db",
    help_format="markdown",
    help="""Create, inspect and open the database.

    The database is that of DATABASE_URL or RDS_PROXY_URL; without them it is an embedded PostgreSQL
    in .passport-scorer/postgresql, or in PASSPORT_SCORER_HOME. The embedded server is started when
    a command needs it and stopped afterward; "db start" keeps it running.
    """,
)
app.command(check_queries)


def configured_database() -> AbstractContextManager[tuple[DatabaseSettings, bool]]:
    """Yield how to reach the database of the environment, and whether it is the embedded one."""
    return target_database(read_database_settings())


@app.command
def init(*, json: Json = False) -> int:
    """Create the tables in an empty database; change nothing if they exist.

    In the embedded database, missing tables are added. Another database gets tables only if it
    has none of them.

    For example:

        passport-scorer db init
        DATABASE_URL=postgresql://me@localhost/scorer passport-scorer db init
    """
    with configured_database() as (database, is_embedded):
        made = asyncio.run(_create(database, own=is_embedded))
    total = len(expected_tables())
    if json:
        print_json({"tables": total, "made": made})
    else:
        print(f"Created {len(made)} of {total} tables." if made else f"All {total} tables exist.")
    return 0


async def _create(database: DatabaseSettings, *, own: bool) -> tuple[str, ...]:
    async with connected(database) as connection:
        return await create_schema(connection, own=own)


@app.command
def check(*, json: Json = False) -> int:
    """Compare the database with what the service needs. Reads only.

    Reports every table, column, type, constraint and privilege that is missing or different, and
    the statement that creates a missing index. Checks rows too: reports API keys with a malformed
    rate limit, bans and revocations that requests don't find because of their letter case, and,
    if another deployment has filled the database, settings that are not set here and that are on
    by default here but off there.

    Exit status: 0 if the service can work with the database, 1 if it can't, 2 if the database
    can't be reached.

    For example:

        DATABASE_URL=postgresql://me@db.example.com/scorer passport-scorer db check
        passport-scorer db check --json
    """
    with configured_database() as (database, _):
        found, in_rows, deployment = asyncio.run(_inspect(database))
        shown, _ = without_password(database.url)
    report = Report.of(shown, found, [*compare(found), *in_rows])
    report = msgspec.structs.replace(
        report, settings=unset_settings(deployment, process_environment())
    )
    if json:
        print_json(report)
    elif sys.stdout.isatty():
        print_report(report)
    else:
        print_lines(report)
    return Status.FINE if report.ok else Status.FOUND


@app.command(name="describe")
def describe_tables(*, json: Json = True) -> int:
    """Print the definition of the service's tables in the database, always as JSON. Reads only.

    Two databases can be compared with diff. `db check` compares with the output of this command
    in schema/expected.json; regenerate it when the schema changes.

    For example:

        passport-scorer db describe > tables.json
    """
    del json  # there is no other form
    with configured_database() as (database, _):
        found = asyncio.run(_describe(database))
    names = [table.name for table in expected_tables()]
    print(recorded([found.tables[name] for name in names if name in found.tables]), end="")
    return 0


async def _describe(database: DatabaseSettings) -> Description:
    async with connected(database) as connection:
        return await describe(connection, [table.name for table in expected_tables()])


async def _inspect(
    database: DatabaseSettings,
) -> tuple[Description, list[Finding], StoredDeployment | None]:
    from passport_scorer.tools.demo.rows import (
        account_addresses,  # it signs, which takes time to load
    )

    async with connected(database) as connection:
        found = await describe(connection, [table.name for table in expected_tables()])
        in_rows = await check_rows(connection, ROW_CHECKS)
        return found, in_rows, await read_deployment(connection, account_addresses())


@app.command
def shell(*arguments: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> int:
    """Open the database in psql.

    The password is passed in the environment, so that it does not appear in process lists.

    For example:

        passport-scorer db shell
        passport-scorer db shell -c 'SELECT count(*) FROM registry_score'

    Args:
        arguments: Additional arguments for psql.
    """
    with configured_database() as (database, _):
        shown, password = without_password(database.url)
        # The system's psql first: the one that comes with the package can't edit lines.
        psql = shutil.which("psql") or str(find_installation().program("psql"))
        secret = {"PGPASSWORD": password} if password else {}
        return _run_in_foreground(
            [psql, "-d", shown, *arguments], {**process_environment(), **secret}
        )


def _run_in_foreground(command: list[str], environ: dict[str, str]) -> int:
    """Run a program that handles Ctrl-C itself, and return its exit status."""
    with subprocess.Popen(command, env=environ) as process:  # noqa: S603 - no shell
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return process.wait()
        finally:
            signal.signal(signal.SIGINT, before)


@app.command
def start(*, json: Json = False) -> int:
    """Start the embedded PostgreSQL, print its URL, and leave it running.

    For example:

        export DATABASE_URL=$(passport-scorer db start)
    """
    server = EmbeddedServer(read_home().embedded_folder, keep_running=True)
    with signals_as_interruptions():
        server.start()
    if server.note:
        complain(server.note)
    _print_value("url", server.url, json=json)
    server.stop()
    return 0


@app.command
def stop(*, json: Json = False) -> int:
    """Stop the embedded PostgreSQL, even if other processes use it.

    For example:

        passport-scorer db stop
    """
    was_running = EmbeddedServer(read_home().embedded_folder).shut_down()
    if json:
        print_json({"was_running": was_running})
    else:
        print("Stopped." if was_running else "It was not running.")
    return 0


@app.command
def url(*, json: Json = False) -> int:
    """Print the URL of the database, without its password.

    For example:

        psql "$(passport-scorer db url)"
    """
    settings = read_database_settings()
    address = settings.database_url or EmbeddedServer(settings.embedded_folder).url
    _print_value("url", without_password(address)[0], json=json)
    return 0


def _print_value(name: str, value: str, *, json: bool) -> None:
    if json:
        print_json({name: value})
    else:
        print(value)
