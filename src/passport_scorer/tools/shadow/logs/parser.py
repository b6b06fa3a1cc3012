"""The reader for logs of any size: detects the format and parses line by line."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, cast

import msgspec

from passport_scorer.tools.shadow.logs import (
    access_log,
    jsonl_format,
    load_balancer_log,
    request_log,
    text_log,
)
from passport_scorer.tools.shadow.logs.entry import LogEntry
from passport_scorer.tools.shadow.logs.errors import LineUnreadable, LogUnreadable

FORMATS: dict[str, Callable[[bytes], LogEntry]] = {
    "jsonl": jsonl_format.read_line,
    "access-log": access_log.read_line,
    "load-balancer": load_balancer_log.read_line,
    "common-log": text_log.read_common_line,
    "envoy": text_log.read_envoy_line,
    "request-log": request_log.read_line,
}
_LINES_EXAMINED = 100  # to detect the format; the first lines need not be requests
# The prefix of each line in an export of CloudWatch Logs.
_EXPORT_PREFIX = re.compile(rb"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z ")
_LONGEST_LINE = 16 * 1024 * 1024


class LogLine(msgspec.Struct, frozen=True):
    """One line.

    Attributes:
        number: the line number, from 1.
        entry: the parsed entry; None if the line is not a request.
        progress: the share of the file that has been read, 0 to 1.
        problem: why the line is not a request, without quoting it.
    """

    number: int
    entry: LogEntry | None
    progress: float
    problem: str = ""


class LogReader:
    """A log file, plain or compressed with gzip.

    Args:
        path: the file.
        format: a name in `FORMATS`; None to detect it from the first line that is a request.

    Raises:
        LogUnreadable: the file cannot be read, or its format is unknown.
    """

    def __init__(self, path: Path, format: str | None = None) -> None:  # noqa: A002
        self._path = path
        try:
            self._size = max(1, path.stat().st_size)
            with self._open() as (file, _):
                first = list(islice(_lines(file), _LINES_EXAMINED))
        except (OSError, EOFError) as error:
            reason = getattr(error, "strerror", None) or "the file is truncated"
            raise LogUnreadable(f"Can't read {path}: {reason}.") from None
        self._read = FORMATS[format or _format_of(first, path)]

    def _open(self) -> _Opened:
        return _Opened(self._path)

    def lines(self, after: int = 0) -> Iterator[LogLine]:
        """Yield the non-empty lines after a line number."""
        with self._open() as (file, raw):
            number = 0
            while text := file.readline(_LONGEST_LINE):
                number += 1
                if number > after and text.strip():
                    entry, problem = self._entry(text)
                    yield LogLine(number, entry, min(1.0, raw.tell() / self._size), problem)

    def _entry(self, text: bytes) -> tuple[LogEntry | None, str]:
        try:
            return self._read(_EXPORT_PREFIX.sub(b"", text, count=1)), ""
        except LineUnreadable as error:
            return None, str(error)


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while text := file.readline(_LONGEST_LINE):
        if text.strip():
            yield _EXPORT_PREFIX.sub(b"", text, count=1)


class _Opened:
    """Opens a log: the decompressed file, and the raw file, whose position is the progress."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> tuple[IO[bytes], IO[bytes]]:
        self._raw = self._path.open("rb", buffering=1 << 16)
        head = self._raw.read(2)
        self._raw.seek(0, os.SEEK_SET)
        if head != b"\x1f\x8b":
            return self._raw, self._raw
        return cast(IO[bytes], gzip.GzipFile(fileobj=self._raw)), self._raw

    def __exit__(self, *_: object) -> None:
        self._raw.close()


def _format_of(lines: Sequence[bytes], path: Path) -> str:
    for line in lines:
        for name in _candidates(line):
            try:
                FORMATS[name](line)
            except LineUnreadable:
                continue
            return name
    raise LogUnreadable(
        f"The first lines of {path} are not in a known format. --format can be"
        f" {', '.join(FORMATS)}. Convert other formats to JSON Lines, for example with"
        " jq -c '{time: .when, method: .verb, path: .url, status: .code}';"
        ' see docs/shadow.md, "Logs".'
    )


def _candidates(line: bytes) -> Sequence[str]:
    if load_balancer_log.looks_like_one(line):
        return ("load-balancer",)
    if jsonl_format.looks_like_one(line):
        return ("jsonl",)
    return ("request-log", "access-log", "envoy", "common-log")
