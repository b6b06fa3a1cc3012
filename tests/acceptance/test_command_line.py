"""The command `passport-scorer`, as users type it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import asyncpg
import httpx
import pytest

from passport_scorer.cli.commands import app
from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE, TRUSTED_ISSUERS

from .conftest import COMMAND, StartService, environment

Command = Callable[..., "subprocess.CompletedProcess[str]"]
START_SECONDS = 60
TABLES = (
    *("account_account", "account_accountapikey", "account_community", "auth_user"),
    *("scorer_weighted_binaryweightedscorer", "scorer_weighted_weightedscorer"),
    *("scorer_weighted_scorer", "ceramic_cache_ceramiccache"),
)
HELP = {
    "serve": "passport-scorer serve --host",
    "verify": "Parameters|Arguments|FILE",
    "demo": "seed",
    "demo seed": "DATABASE_URL",
    "demo run": "--port",
    "deploy": "template",
    "deploy template": "--arch",
    "deploy check": "Exit status",
    "deploy plan": "--stage",
    "shadow": "Exit status",
    "shadow replay": "--candidate",
    "shadow rows": "Writes nothing",
    "shadow proxy": "--sample",
    "db": "DATABASE_URL",
    "db init": "DATABASE_URL|Parameters|tables",
    "db check": "DATABASE_URL|Parameters|Reads only",
    "db describe": "JSON",
    "db start": "URL",
    "db stop": "Stop",
    "db shell": "psql",
    "db url": "password",
}


def test_the_installed_command() -> None:
    """The command is installed next to the interpreter, and prints its version."""
    command = Path(sys.executable).with_name("passport-scorer")
    if not command.exists():
        pytest.skip("the project is not installed in this environment")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", done.stdout)


def test_help(command: Command) -> None:
    """The command without arguments, and with --help, lists all commands."""
    done = command("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for name in {words.split()[0] for words in HELP}:
        assert re.search(rf"\b{name}\b", done.stdout)


@pytest.mark.parametrize("words", HELP)
def test_help_of_each_command(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help of each command describes it and its parameters."""
    with pytest.raises(SystemExit) as ended:
        app([*words.split(), "--help"])
    output = capsys.readouterr().out
    assert ended.value.code in (0, None)
    assert f"passport-scorer {words}" in output
    assert re.search(HELP[words], output)


def test_mistyped_commands(command: Command) -> None:
    """An unknown command is rejected without a stack trace."""
    done = command("sevre")
    assert done.returncode > 0
    assert "sevre" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", ["config", "config --json", "deploy template"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_read_enough(words: str, unbuffered: str) -> None:
    """A closed pipe, as left by `head`, is not an error."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as output:
        assert errors_of(words, output, 128 + signal.SIGPIPE, unbuffered) == ""


@pytest.mark.parametrize("words", ["config", "config --json", "--help"])
def test_output_to_a_full_disk(words: str) -> None:
    """An unwritable output is reported in one line."""
    with Path("/dev/full").open("w") as output:
        (line,) = errors_of(words, output, 2).splitlines()
    assert "no space" in line


def errors_of(words: str, output: IO[str], status: int, unbuffered: str = "") -> str:
    """Return the error message of a command that cannot write its output."""
    done = subprocess.run(
        [*COMMAND, *words.split()],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        env=environment({"PYTHONUNBUFFERED": unbuffered}),
        text=True,
        check=False,
    )
    assert done.returncode == status
    return done.stderr


async def rows_of(url: str) -> Mapping[str, Any]:
    """Return everything that the demo inserts into a database."""
    connection = await asyncpg.connect(url)
    try:
        return {
            table: await connection.fetch(f"SELECT t::text FROM {table} AS t ORDER BY 1")
            for table in TABLES
        }
    finally:
        await connection.close()


async def test_seeding_twice(command: Command, database_url: str) -> None:
    """Demo data is inserted once, is always the same, and the command lists it."""
    first = command("demo", "seed", "--yes", DATABASE_URL=database_url)
    assert (first.returncode, first.stderr) == (0, "")
    rows = await rows_of(database_url)
    assert all(rows.values())
    second = command("demo", "seed", "--yes", DATABASE_URL=database_url)
    assert second.returncode == 0
    assert await rows_of(database_url) == rows
    for done, sentence in ((first, "stamps added."), (second, "already")):
        assert sentence in done.stdout
        assert all(person.name in done.stdout for person in PEOPLE)
        (variable,) = shlex.split(done.stdout.splitlines()[-1])
        name, _, value = variable.partition("=")
        assert (name, json.loads(value)) == ("TRUSTED_IAM_ISSUERS", sorted(TRUSTED_ISSUERS))


async def test_a_database_with_accounts_is_refused(command: Command, database_url: str) -> None:
    """A database in use gets no demo data, and one line says why."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            """
            INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name,
                email, is_staff, is_active, date_joined)
            VALUES (7, '!', false, 'somebody', '', '', '', false, true, now());
            INSERT INTO account_account (id, user_id, address) VALUES (7, 7, '0x7')
            """
        )
    finally:
        await connection.close()
    before = await rows_of(database_url)
    done = command("demo", "seed", "--yes", DATABASE_URL=database_url)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "other accounts" in line
    assert await rows_of(database_url) == before


def test_a_database_without_tables_is_refused(command: Command, empty_database: str) -> None:
    """Seeding a database without tables fails in one line."""
    done = command("demo", "seed", "--yes", DATABASE_URL=empty_database)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


@contextmanager
def running_demo(folder: Path, database_url: str) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """Run `passport-scorer demo run` in a folder; yield the file with its output."""
    own = {"DATABASE_URL": database_url, "FF_MULTI_NULLIFIER": "on"}
    output, errors = folder / "output", folder / "errors"
    with output.open("wb") as stdout, errors.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "passport_scorer.cli", "demo", "run", "--port", "0"],
            cwd=folder,
            env=environment(own),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while "#" not in output.read_text():
            assert process.poll() is None, errors.read_text()
            assert time.monotonic() < deadline, errors.read_text()
            time.sleep(0.02)
        yield output, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(START_SECONDS)


def run_curl(line: str) -> Any:
    """Send the request of a curl command line, and return the JSON response."""
    words = shlex.split(line)
    assert words[:2] == ["curl", "-H"]
    assert len(words) == 4
    if shutil.which("curl"):
        done = subprocess.run(
            [*words, "--silent", "--show-error", "--noproxy", "*"],
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)
    name, _, value = words[2].partition(": ")
    return httpx.get(words[3], headers={name: value}, trust_env=False).json()


async def test_the_demo(server_folder: Path, empty_database: str) -> None:
    """One command starts a service with data, and the printed commands work exactly as printed.

    A configured database is not touched, and Ctrl-C stops it cleanly.
    """
    folder = server_folder / "demo"
    folder.mkdir(mode=0o755)
    with running_demo(folder, empty_database) as (output, process):
        text = output.read_text()
        (base,) = set(re.findall(r"http://127\.0\.0\.1:\d+(?=\s)", text))
        assert DEMO_API_KEY.key in text
        lines = [line for line in text.splitlines() if line.strip().startswith("curl")]
        assert len(lines) == 4
        passes, clashes, public, own = [run_curl(line) for line in lines]
        assert (passes["score"], passes["passing_score"]) == ("21.31100", True)
        assert [name for name, stamp in clashes["stamps"].items() if stamp["dedup"]] == ["Google"]
        assert public["score"] == "0.72400"
        assert own["score"] == "0.73300"
        with closing(httpx.Client(base_url=base, trust_env=False)) as client:
            assert client.get("/health/ready").status_code == 200
            assert client.get("/docs").status_code == 200
    assert process.returncode == 0, (folder / "errors").read_text()
    assert "Traceback" not in (folder / "errors").read_text()
    connection = await asyncpg.connect(empty_database)
    try:
        assert await connection.fetchval("SELECT to_regclass('account_account')") is None
    finally:
        await connection.close()


def test_a_start_without_issuers(command: Command, database_url: str) -> None:
    """Because every score would be 0, the service does not start; other commands work."""
    done = command("serve", "--port", "0", DATABASE_URL=database_url)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("passport-scorer: TRUSTED_IAM_ISSUERS: is missing")
    assert command("config").returncode == 0


def test_everything_that_is_wrong_is_said_at_once(command: Command, database_url: str) -> None:
    """A start reports all malformed variables, including OpenTelemetry's, before it forks."""
    wrong = {
        "PORT": "hush-hush",
        "TRUSTED_IAM_ISSUERS": '["did:ethr:hush-hush"]',
        "OTEL_BSP_SCHEDULE_DELAY": "hush-hush",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": "/hush-hush",
    }
    on = {"OTEL_ENABLED": "on", "DATABASE_URL": database_url}
    done = command("serve", "--workers", "2", **on, **wrong)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(": ")[:2] for line in done.stderr.splitlines()] == [
        ["passport-scorer", name]
        for name in (
            *("TRUSTED_IAM_ISSUERS", "PORT"),
            *("OTEL_BSP_SCHEDULE_DELAY", "OTEL_EXPORTER_OTLP_CERTIFICATE"),
        )
    ]
    assert "hush-hush" not in done.stderr


async def test_settings_that_name_nothing(
    start_service: StartService, demo_database_url: str
) -> None:
    """Missing rows are reported once, for any number of workers, and the service starts."""
    service = await start_service(
        demo_database_url,
        *("--workers", "2"),
        CERAMIC_CACHE_SCORER_ID="4711",
        DEMO_API_KEY="nosuch.hush-hush",
        TRUSTED_IAM_ISSUERS="[]",
    )
    (event,) = service.events("settings_have_no_effect")
    assert [each["variable"] for each in event["settings"]] == [
        "CERAMIC_CACHE_SCORER_ID",
        "DEMO_API_KEY",
    ]
    assert len(service.events("no_issuer_is_trusted")) == 1
    assert "hush-hush" not in "".join(service.lines())
