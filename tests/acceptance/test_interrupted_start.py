"""A start interrupted at any moment leaves no PostgreSQL behind, and the next one works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from .conftest import COMMAND, START_SECONDS, environment

POLL_SECONDS = 0.002
# Observable steps of a start, in order.
MOMENTS: dict[str, Callable[[Path], bool]] = {
    "locked": lambda home: (home / "start.lock").exists(),
    "initdb": lambda home: (home / "data.new").exists(),
    "initdb at work": lambda home: (home / "data.new" / "base" / "1").exists(),
    "initdb done": lambda home: (home / "data").exists(),
    "launched": lambda home: (home / "data" / "postmaster.pid").exists(),
    "socket": lambda home: any((home / "socket").glob(".s.PGSQL*")),
    "database": lambda home: (
        (home / "data" / "postmaster.pid").exists()
        and len(list((home / "data" / "base").glob("*"))) > 3
    ),
}
# The signals share their handling, so only SIGTERM is tried at every moment.
MOMENTS_OF_OTHERS = ("initdb at work", "socket")
# Before Python handles signals, they kill it; a service treats SIGHUP like SIGTERM.
ENDS = {
    signal.SIGINT: (0, 130, -signal.SIGINT),
    signal.SIGTERM: (0, 143, -signal.SIGTERM),
    signal.SIGHUP: (0, 129, 143, -signal.SIGHUP),
}
STARTED: list[subprocess.Popen[bytes]] = []


@pytest.fixture
def home(server_folder: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder for the demo's files that PostgreSQL's account can access."""
    folder = server_folder / f"interrupted-{abs(hash(request.node.name))}"
    folder.mkdir(mode=0o755)
    yield folder
    for demo_process in STARTED:
        demo_process.kill()
        demo_process.wait()
    STARTED.clear()
    for process in postgresql_of(folder):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def demo(folder: Path, command: Sequence[str] = COMMAND) -> subprocess.Popen[bytes]:
    """Start the demo in a process group of its own, as a shell or make does."""
    with (folder / "output").open("wb") as output, (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [*command, "demo", "run", "--port", "0"],
            cwd=folder,
            env=environment({"PASSPORT_SCORER_HOME": str(folder / "home")}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            process_group=0,
            preexec_fn=heed_signals,
        )
    STARTED.append(process)
    return process


def heed_signals() -> None:
    """Restore the signals that nohup and shells make background programs ignore."""
    for number in ENDS:
        signal.signal(number, signal.SIG_DFL)


def postgresql_of(folder: Path) -> list[int]:
    """Return the live processes that run PostgreSQL's programs on files below a folder."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    return [
        int(row[0])
        for row in rows
        if not row[1].startswith("Z")
        and (f"{folder}/" in row[2] and ("postgres -D" in row[2] or "pg_ctl" in row[2]))
    ]


def serves(folder: Path) -> bool:
    """Return whether the demo has reported that it is running."""
    return "curl" in (folder / "output").read_text()


def wait_for(process: subprocess.Popen[bytes], folder: Path, seen: Callable[[Path], bool]) -> None:
    """Wait until a step is observable, the demo serves, or it has exited."""
    deadline = time.monotonic() + START_SECONDS
    while not (seen(folder / "home" / "postgresql") or serves(folder)) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(POLL_SECONDS)


def nothing_left(folder: Path) -> None:
    """Wait until no PostgreSQL uses the folder; fail if one remains."""
    deadline = time.monotonic() + START_SECONDS
    while left := postgresql_of(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", list(ENDS))
@pytest.mark.slow
def test_interrupted_at_each_step(home: Path, number: signal.Signals) -> None:
    """Send a signal to the whole group, as a terminal does, during each step of a first start.

    Each start continues with the folder that the previous one left; the last one succeeds.
    """
    moments = MOMENTS if number == signal.SIGTERM else MOMENTS_OF_OTHERS
    for moment in moments:
        reached = MOMENTS[moment]
        process = demo(home)
        wait_for(process, home, reached)
        if process.poll() is None:
            os.killpg(process.pid, number)
        status = process.wait(START_SECONDS)
        errors = (home / "errors").read_text()
        assert status in ENDS[number], (moment, errors)
        assert "Traceback" not in errors, moment
        nothing_left(home)
    process = demo(home)
    wait_for(process, home, lambda _: False)
    assert serves(home), (home / "errors").read_text()
    os.killpg(process.pid, number)
    assert process.wait(START_SECONDS) in ENDS[number]
    nothing_left(home)


# Sends SIGTERM at the first call of a function after the demo has said that it runs.
AT_A_CALL = """
import signal, sys
from passport_scorer.cli.__main__ import main

name, has_said = sys.argv.pop(1), []

def look(frame, event, argument):
    if event == "return" and frame.f_code.co_name == "_welcome":
        has_said.append(True)
    if has_said and event == "call" and frame.f_code.co_name == name:
        sys.setprofile(None)
        signal.raise_signal(signal.SIGTERM)

sys.setprofile(look)
main()
"""
# uvloop's preparations, where an exception leaves a loop that can't be closed; the start of the
# services; the start of the server.
CALLS = ("socketpair", "running_services", "public_application", "main_loop")


@pytest.mark.timeout(300)
def test_interrupted_while_the_event_loop_starts(home: Path) -> None:
    """A signal at any point between the demo's welcome and its serving ends it in order."""
    for name in CALLS:
        process = demo(home, (sys.executable, "-c", AT_A_CALL, name))
        assert process.wait(START_SECONDS) in ENDS[signal.SIGTERM], name
        errors = (home / "errors").read_text()
        assert "Traceback" not in errors, (name, errors)
        assert "library_message" not in errors, (name, errors)
        assert serves(home)
        nothing_left(home)
