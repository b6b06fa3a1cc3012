"""Workers that can't start are not retried forever; those that can are restarted."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

PROGRAM = """
import os, select, signal, sys
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.server import workers
from passport_scorer.telemetry.logs import configure_logs

def fails(place, ready):
    raise OSError("the reason")

def is_killed(place, ready):
    os.kill(os.getpid(), signal.SIGKILL)

def fails_when_ready(place, ready):
    ready()
    raise OSError("the reason")

def only_one_fails(place, ready):
    if place == 0:
        ready()
        os.write(is_ready, b"!")
        signal.pause()
    select.select([when_ready], [], [])
    raise OSError("the reason")

def waits_while_another_fails(place, ready):
    if place == 0:
        signal.pause()
    raise OSError("the reason")

when_ready, is_ready = os.pipe()
workers._RESTART_PAUSE = 0.01
configure_logs(environment="test", readable=False)
try:
    workers.Workers(2, globals()[sys.argv[1]], lambda: None).run()
except PassportScorerError as error:
    print(error.code)
    sys.exit(1)
"""
MANY = 12  # failed starts, more than twice as many as are too many


def events_of(output: str) -> list[dict[str, Any]]:
    """Return the logged events."""
    return [json.loads(line) for line in output.splitlines()]


def started(work: str) -> subprocess.Popen[str]:
    """Start two workers that do this."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, work],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def gives_up(work: str) -> list[dict[str, Any]]:
    """Return the events of workers that end by themselves with an error."""
    with started(work) as process:
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, "workers_cannot_start\n"), errors
    return events_of(errors)


def goes_on(work: str) -> list[dict[str, Any]]:
    """Return the events until many workers have died; then the rest stop cleanly."""
    with started(work) as process:
        assert process.stderr is not None
        events: list[dict[str, Any]] = []
        while sum(event["event"] == "worker_died" for event in events) < MANY:
            line = process.stderr.readline()
            assert line, events
            events.append(json.loads(line))
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0
    return events


def test_workers_that_cannot_start_end_the_service() -> None:
    """After five failures in a row the parent gives up, and says so."""
    events = gives_up("fails")
    assert sum(event["event"] == "worker_died" for event in events) == 5
    (given_up,) = [event for event in events if event["event"] == "workers_cannot_start"]
    assert (given_up["level"], given_up["failed_starts"]) == ("critical", 5)
    reasons = [event for event in events if event["event"] == "worker_failed"]
    assert all("the reason" in event["exception"] for event in reasons)


def test_a_worker_that_never_becomes_ready_is_stopped_then() -> None:
    """One that hangs at start is ended with those that fail."""
    gives_up("waits_while_another_fails")


def test_others_are_started_again() -> None:
    """One that was ready, one that is killed, and one among others that serve are restarted."""
    for work in ("fails_when_ready", "is_killed", "only_one_fails"):
        assert all(event["event"] != "workers_cannot_start" for event in goes_on(work)), work
