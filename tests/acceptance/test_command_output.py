"""Command output: never truncated in a terminal, and JSON for programs."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from passport_scorer.cli.commands import app
from passport_scorer.settings.model import variables
from passport_scorer.tools.demo.signing import issuer_did
from passport_scorer.tools.demo.world import ETHEREUM_ISSUER_KEY, PEOPLE, TRUSTED_ISSUERS

from .conftest import COMMAND, environment

Command = Callable[..., "subprocess.CompletedProcess[str]"]
TEMPLATE = str(Path(__file__).parents[2] / "deploy" / "aws" / "lambda-arm64.yaml")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
PLAN = ["deploy", "plan", "--stage", "10"]
# Commands that print no data: they serve, open a program, or write a file.
NO_DATA = {"serve", "demo run", "db shell", "deploy template", "--install-completion"}


def on_terminal(columns: int, words: list[str], settings: dict[str, str]) -> str:
    """Return the output of a command on a terminal with this number of columns."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        [*COMMAND, *words],
        env=environment({"TERM": "xterm", **settings}),
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=subprocess.STDOUT,
    ):
        os.close(follower)
        printed = b""
        try:
            while piece := os.read(leader, 65536):
                printed += piece
        except OSError:  # raised at the end of a terminal
            pass
        os.close(leader)
    return ESCAPES.sub("", printed.decode()).replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("piped", [True, False])
def test_addresses_are_whole(
    command: Command, database_url: str, columns: int, piped: bool
) -> None:
    """Each demo address is complete, at any terminal width and in a pipe."""
    words = ["demo", "seed", "--yes"]
    if piped:
        shown = command(*words, DATABASE_URL=database_url, COLUMNS=str(columns)).stdout
    else:
        shown = on_terminal(columns, words, {"DATABASE_URL": database_url})
    assert [person.address for person in PEOPLE if person.address not in shown] == []


def test_a_pipe_gets_a_line_for_each(command: Command, database_url: str) -> None:
    """Without a terminal a row is one line, so that grep finds all of it."""
    shown = command("demo", "seed", "--yes", DATABASE_URL=database_url).stdout
    for person in PEOPLE:
        (line,) = [line for line in shown.splitlines() if person.address in line]
        assert person.about in line


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_configuration_at_any_width(command: Command, columns: int) -> None:
    """Values are not broken, each variable starts a line, and prose fits the width."""
    issuers = json.dumps([issuer_did(ETHEREUM_ISSUER_KEY), *sorted(TRUSTED_ISSUERS)])
    shown = on_terminal(columns, ["config"], {"TRUSTED_IAM_ISSUERS": issuers})
    lines = shown.splitlines()
    for issuer in TRUSTED_ISSUERS:
        assert any(line.startswith("TRUSTED_IAM_ISSUERS=") and issuer in line for line in lines)
    for variable in variables().values():
        assert any(line.startswith(f"{name}=") for line in lines for name in variable.names)
    prose = [line for line in lines if line.startswith("    ")]
    assert prose
    assert all(len(line) <= columns or " " not in line.strip() for line in prose)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_tables_of_the_check_and_the_plan(
    command: Command, empty_database: str, columns: int
) -> None:
    """Names of tables and weights, and index statements, are complete on a terminal."""
    command("db", "init", DATABASE_URL=empty_database)
    psql = ("db", "shell", "-c", "DROP INDEX IF EXISTS registry_score_pkey CASCADE")
    command(*psql, DATABASE_URL=empty_database)
    checked = on_terminal(columns, ["db", "check"], {"DATABASE_URL": empty_database})
    assert "scorer_weighted_binaryweightedscorer" in checked
    assert "…" not in checked
    plan = on_terminal(columns, PLAN, {})
    assert "…" not in plan
    assert plan.count("90 : 10") >= 4


def jsons(stamp: Path, folder: Path) -> dict[str, list[str]]:
    """A call of each command that prints data."""
    embedded = str(folder)
    return {
        "config": [],
        "verify": [str(stamp)],
        "demo seed": ["--yes"],
        "db init": [],
        "db check": [],
        "db describe": [],
        "db url": [],
        "db start": [],
        "db stop": [],
        "db check-queries": [],
        "deploy plan": ["--stage", "10"],
        "deploy check": [TEMPLATE],
        "shadow rows": ["--output", embedded, "--table", "registry_score"],
    }


@pytest.mark.slow
def test_every_command_with_data_has_json(
    command: Command, database_url: str, tmp_path: Path, server_folder: Path
) -> None:
    """`--json` gives one JSON document on stdout, and nothing else there."""
    stamp = tmp_path / "stamp.json"
    stamp.write_text("{}")
    settings = {
        "DATABASE_URL": database_url,
        "CONTROL_DATABASE_URL": database_url,
        "CANDIDATE_DATABASE_URL": database_url,
        "PASSPORT_SCORER_HOME": str(server_folder / "json"),
    }
    for name, words in jsons(stamp, tmp_path / "report").items():
        done = command(*name.split(), *words, "--json", **settings)
        assert done.returncode in (0, 1), (name, done.stderr)
        json.loads(done.stdout)


def commands(group: object = app, prefix: str = "") -> list[str]:
    """Return all commands."""
    found = []
    for name in group:  # type: ignore[attr-defined]
        below = group[name]  # type: ignore[index]
        if name in below.help_flags or name in below.version_flags:
            continue
        if name.startswith("-") and name != "--install-completion":
            continue
        inner = commands(below, f"{prefix}{name} ")
        found += inner or [f"{prefix}{name}"]
    return found


def test_no_command_is_forgotten(tmp_path: Path) -> None:
    """Each command prints data and has `--json`, or is known to print none."""
    known = set(jsons(tmp_path, tmp_path)) | NO_DATA | {"shadow replay", "shadow proxy"}
    assert set(commands()) == known


@pytest.mark.parametrize("name", ["shadow replay", "shadow proxy"])
def test_reports_have_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands that end with a report can print it as JSON."""
    with pytest.raises(SystemExit):
        app([*name.split(), "--help"])
    assert "--json" in capsys.readouterr().out


def test_a_database_of_ones_own_needs_a_confirmation(command: Command, empty_database: str) -> None:
    """Publicly known keys are not inserted into a configured database: one line says so."""
    command("db", "init", DATABASE_URL=empty_database)
    refused = command("demo", "seed", DATABASE_URL=empty_database)
    assert (refused.returncode, refused.stdout) == (2, "")
    (line,) = refused.stderr.splitlines()
    for part in ("--yes", "3 API keys", "12 addresses"):
        assert part in line
    counted = command(
        *("db", "shell", "-XAtc", "SELECT count(*) FROM auth_user"), DATABASE_URL=empty_database
    )
    assert counted.stdout == "0\n"


def test_passwords_are_not_told(command: Command) -> None:
    """The line that asks for the confirmation names the database without its password."""
    refused = command("demo", "seed", DATABASE_URL="postgresql://me:hush-hush@db.example/scorer")
    assert refused.returncode == 2
    assert "db.example" in refused.stderr
    assert "hush-hush" not in refused.stderr


STATUSES = [
    (0, ["config"], {}),
    (0, ["--help"], {}),
    (0, PLAN, {}),
    (0, ["deploy", "check", TEMPLATE], {}),
    (1, ["verify", TEMPLATE], {}),
    (2, ["verify", "/nonexistent"], {}),
    (2, ["config"], {"PORT": "none"}),
    (2, ["serve"], {}),
    (2, ["sevre"], {}),
    (2, ["config", "--nothing"], {}),
    (2, ["deploy", "plan", "--stage", "7"], {}),
    (2, ["deploy", "check", "/nonexistent"], {}),
    (2, ["db", "check"], {"DATABASE_URL": "postgresql://127.0.0.1:9/none"}),
    (2, ["db", "init"], {"DATABASE_URL": "postgresql://127.0.0.1:9/none"}),
    (2, ["demo", "seed", "--yes"], {"DATABASE_URL": "postgresql://127.0.0.1:9/none"}),
    (2, ["shadow", "rows"], {}),
    (2, ["shadow", "replay", "/nonexistent", "--candidate", "http://127.0.0.1:9"], {}),
]


@pytest.mark.parametrize(("status", "words", "settings"), STATUSES)
def test_one_meaning_of_the_exit_status(
    command: Command, status: int, words: list[str], settings: dict[str, str]
) -> None:
    """0 is success or yes, 1 is no, 2 could not run; the error is one line."""
    done = command(*words, **settings)
    assert done.returncode == status, done.stderr
    assert (done.stderr.count("\n") == 1) == (status == 2)
    assert all(line.startswith("passport-scorer: ") for line in done.stderr.splitlines())


def test_completion(command: Command, tmp_path: Path) -> None:
    """`--install-completion` sets up bash, even if settings are malformed."""
    script = tmp_path / "completion"
    done = command(
        *("--install-completion", "--shell", "bash", "--output", str(script)),
        HOME=str(tmp_path),
        SCORER_SERVER_SSM_ARN="none",
    )
    assert (done.returncode, done.stderr) == (0, "")
    ask = f"""
        source {script}
        COMP_WORDS=(passport-scorer d); COMP_CWORD=1
        $(complete -p passport-scorer | sed 's/.*-F \\([^ ]*\\) .*/\\1/') passport-scorer d
        echo "${{COMPREPLY[@]}}"
    """
    told = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
    assert set(told.stdout.split()) == {"db", "demo", "deploy"}
