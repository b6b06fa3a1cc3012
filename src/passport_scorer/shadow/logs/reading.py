"""Reading a log of any size, one line at a time."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

import msgspec

from passport_scorer.shadow.logs import access_log, load_balancer_log, own_format
from passport_scorer.shadow.logs.entry import Entry
from passport_scorer.shadow.logs.errors import LineUnreadable, LogUnreadable

FORMATS: dict[str, Callable[[bytes], Entry]] = {
    "own": own_format.read_line,
    "access-log": access_log.read_line,
    "load-balancer": load_balancer_log.read_line,
}
_LONGEST_LINE = 16 * 1024 * 1024


class Line(msgspec.Struct, frozen=True):
    """One line.

    Attributes:
        number: 1, 2, …
        entry: the request; None: it can't be read.
        progress: share of the file that has been read, 0 to 1.
    """

    number: int
    entry: Entry | None
    progress: float


class Log:
    """A log file, plain or compressed with gzip.

    Args:
        path: the file.
        format: a name of `FORMATS`; None: as its first line looks.

    Raises:
        LogUnreadable: there is no such file, or its format can't be told.
    """

    def __init__(self, path: Path, format: str | None = None) -> None:  # noqa: A002
        self._path = path
        try:
            self._size = max(1, path.stat().st_size)
            with self._open() as (file, _):
                first = file.readline(_LONGEST_LINE)
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
                    yield Line(number, self._entry(text), min(1.0, raw.tell() / self._size))

    def _entry(self, text: bytes) -> Entry | None:
        try:
            return self._read(text)
        except LineUnreadable:
            return None


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


def _format_of(first: bytes, path: Path) -> str:
    if load_balancer_log.looks_like_one(first):
        return "load-balancer"
    for name in ("own", "access-log"):
        try:
            FORMATS[name](first)
        except LineUnreadable:
            continue
        return name
    raise LogUnreadable(
        f"The first line of {path} is no request; --format can be {', '.join(FORMATS)}."
    )
