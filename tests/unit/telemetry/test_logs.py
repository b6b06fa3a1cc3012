"""Lines of log: whole, or lost and counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from passport_scorer.telemetry.logs import Lines
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
        lines.info(b"two")
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
