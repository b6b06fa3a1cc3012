"""Reading a log of any size, one line at a time."""

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
from passport_scorer.tools.shadow.logs.entry import Entry
from passport_scorer.tools.shadow.logs.errors import LineUnreadable, LogUnreadable

FORMATS: dict[str, Callable[[bytes], Entry]] = {
    "own": jsonl_format.read_line,
    "access-log": access_log.read_line,
    "load-balancer": load_balancer_log.read_line,
    "common-log": text_log.read_common_line,
    "envoy": text_log.read_envoy_line,
    "request-log": request_log.read_line,
}
_LOOKED_AT = 100  # lines, to tell the format; the first may be about something else
# What CloudWatch Logs writes before each line when it exports them.
_EXPORTED = re.compile(rb"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z ")
_LONGEST_LINE = 16 * 1024 * 1024


class Line(msgspec.Struct, frozen=True):
    """One line.

    Attributes:
        number: 1, 2, …
        entry: the request; None: it can't be read.
        progress: share of the file that has been read, 0 to 1.
        problem: why it can't be read, without what is in it.
    """

    number: int
    entry: Entry | None
    progress: float
    problem: str = ""


class Log:
    """A log file, plain or compressed with gzip.

    Args:
        path: the file.
        format: a name of `FORMATS`; None: that of its first line that is a request.

    Raises:
        LogUnreadable: there is no such file, or its format can't be told.
    """

    def __init__(self, path: Path, format: str | None = None) -> None:  # noqa: A002
        self._path = path
        try:
            self._size = max(1, path.stat().st_size)
            with self._open() as (file, _):
                first = list(islice(_lines(file), _LOOKED_AT))
        except (OSError, EOFError) as error:
            reason = getattr(error, "strerror", None) or "it isn't whole"
            raise LogUnreadable(f"Can't read {path}: {reason}.") from None
        self._read = FORMATS[format or _format_of(first, path)]

    def _open(self) -> _Opened:
        return _Opened(self._path)

    def lines(self, after: int = 0) -> Iterator[Line]:
        """Yield the lines that aren't empty, from the one after this number."""
        with self._open() as (file, raw):
            number = 0
            while text := file.readline(_LONGEST_LINE):
                number += 1
                if number > after and text.strip():
                    entry, problem = self._entry(text)
                    yield Line(number, entry, min(1.0, raw.tell() / self._size), problem)

    def _entry(self, text: bytes) -> tuple[Entry | None, str]:
        try:
            return self._read(_EXPORTED.sub(b"", text, count=1)), ""
        except LineUnreadable as error:
            return None, str(error)


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while text := file.readline(_LONGEST_LINE):
        if text.strip():
            yield _EXPORTED.sub(b"", text, count=1)


class _Opened:
    """The file, decompressed, and the file as it lies there, whose position is the progress."""

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
        f"None of the first lines of {path} is a request in a known format: --format can be"
        f" {', '.join(FORMATS)}. Others become JSON lines, for example by"
        " jq -c '{time: .when, method: .verb, path: .url, status: .code}';"
        ' see docs/shadow.md, "Logs".'
    )


def _candidates(line: bytes) -> Sequence[str]:
    if load_balancer_log.looks_like_one(line):
        return ("load-balancer",)
    if jsonl_format.looks_like_one(line):
        return ("own",)
    return ("request-log", "access-log", "envoy", "common-log")
