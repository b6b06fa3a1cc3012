"""Lines of log: whole, or lost and counted."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from passport_scorer.telemetry.correlation import CORRELATION, correlation_of
from passport_scorer.telemetry.logger import LEVELS, log
from passport_scorer.telemetry.logs import LINES, Lines, configure_logs
from passport_scorer.telemetry.metrics import LOG_LINES_DROPPED
from passport_scorer.telemetry.prometheus import PrometheusMetrics


@pytest.fixture
def full_disk() -> Iterator[int]:
    """A file that can't be written to, as on a full disk."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


def test_lines_are_whole(tmp_path: Path) -> None:
    """Each ends where it should."""
    log = tmp_path / "log"
    with log.open("wb") as file:
        lines = Lines(file.fileno())
        lines.write(b"one")
        lines.write(b"two")
    assert log.read_bytes() == b"one\ntwo\n"


def test_a_line_that_cannot_be_written_is_counted(full_disk: int) -> None:
    """Nothing is raised, and the loss shows in the metrics."""
    lines, metrics = Lines(full_disk), PrometheusMetrics()
    lines.metrics = metrics
    lines.write(b"lost")
    lines.write(b"lost, too")
    assert f"{LOG_LINES_DROPPED.full_name} 2.0".encode() in metrics.render()


def test_a_closed_pipe_is_not_a_failure() -> None:
    """A closed pipe is handled like a full disk."""
    reader, writer = os.pipe()
    os.close(reader)
    Lines(writer).write(b"lost")
    os.close(writer)


@pytest.fixture
def unchanged() -> Iterator[None]:
    """Undo at the end what a test configures."""
    before = log.write, log.level, sys.excepthook
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    log.write, log.level, sys.excepthook = before
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)


@pytest.fixture
def written(unchanged: None, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The lines of JSON that are written, decoded."""
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(LINES, "write", lambda line: lines.append(json.loads(line)))
    return lines


def test_an_event_as_json(written: list[dict[str, Any]]) -> None:
    """It has its fields, its level, the time, the deployment, and the request in progress."""
    configure_logs(environment="test", readable=False)
    correlation = correlation_of([(b"x-request-id", b"mine")])
    token = CORRELATION.set(correlation)
    log.info("happened", count=2, reason="none", number=None, level_of="x")
    CORRELATION.reset(token)
    (event,) = written
    written_at = datetime.fromisoformat(event.pop("timestamp"))
    assert abs(datetime.now(UTC) - written_at) < timedelta(minutes=1)
    assert event == {
        "event": "happened",
        "level": "info",
        "environment": "test",
        "count": 2,
        "reason": "none",
        "number": None,
        "level_of": "x",
        "trace_id": correlation.trace_id,
        "request_id": "mine",
    }


@pytest.mark.parametrize("least", LEVELS)
def test_levels(written: list[dict[str, Any]], least: str) -> None:
    """Events below the configured level are left out."""
    configure_logs(environment="test", readable=False, level=least)
    for each in (log.debug, log.info, log.warning, log.error, log.critical):
        each("happened")
    names = list(LEVELS)
    assert [event["level"] for event in written] == names[names.index(least) :]


def test_an_exception_has_its_traceback(written: list[dict[str, Any]]) -> None:
    """The traceback is one field; without an exception there is none."""
    configure_logs(environment="test", readable=False)
    try:
        raise ValueError("the reason")
    except ValueError as error:
        log.error("failed", exc_info=error)
    log.error("failed", exc_info=None)
    assert written[0]["exception"].startswith("Traceback (most recent call last):\n")
    assert written[0]["exception"].endswith("ValueError: the reason")
    assert {"exc_info", "exception"}.isdisjoint(written[1])


def test_logs_of_libraries(written: list[dict[str, Any]]) -> None:
    """They become events from warnings on, with the next lower level of ours."""
    configure_logs(environment="test", readable=False, level="debug")
    library = logging.getLogger("a.library")
    library.info("a URL")
    library.warning("took %d s", 5)
    library.log(45, "in between")
    library.error("no %d", "number")
    seen = [(event["level"], event["logger"], event["message"]) for event in written]
    assert seen == [
        ("warning", "a.library", "took 5 s"),
        ("error", "a.library", "in between"),
        ("error", "a.library", "no %d"),
    ]


def test_text_for_people(unchanged: None, capsys: pytest.CaptureFixture[str]) -> None:
    """One line with the level, the event and its fields; the traceback is below it."""
    configure_logs(environment="test", readable=True)
    log.info("listening", host="127.0.0.1", port=8000)
    log.error("failed", exc_info=ValueError("the reason"))
    first, second, third = capsys.readouterr().err.splitlines()
    assert first.split()[2:6] == ["info", "listening", "host='127.0.0.1'", "port=8000"]
    assert second.split()[2:4] == ["error", "failed"]
    assert third == "ValueError: the reason"
