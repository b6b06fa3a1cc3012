"""The logger of this process: events with fields. `logs.py` sets up where they go.

A library for this, structlog, takes longer to import than the rest of a sandbox's start allows:
docs/decisions/0045-start.md.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
Fields = dict[str, Any]
Write = Callable[[str, Fields], None]

_COLORS = {"debug": 32, "info": 32, "warning": 33, "error": 31, "critical": 31}
_WIDTH = 30  # of the name of an event


def write_readable(level: str, fields: Fields) -> None:
    """Write an event as text for people on standard error, in color if that is a terminal."""
    if sys.stderr is None:  # closed before the start
        return
    rest = dict(fields)
    event, exception = rest.pop("event"), rest.pop("exception", None)
    name = f"{level:<8}"
    if sys.stderr.isatty():
        name = f"\x1b[{_COLORS[level]}m{name}\x1b[0m"
    values = " ".join(f"{key}={value!r}" for key, value in rest.items())
    line = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {name} {event:<{_WIDTH}} {values}".rstrip()
    sys.stderr.write(f"{line}\n" if exception is None else f"{line}\n{exception}\n")


class Logger:
    """Logs events: each is a name in snake case, a level and fields.

    The field `exc_info`, an exception or None, becomes the field `exception`: its traceback.

    Attributes:
        write: takes the level of an event, and its fields with its name as `event`.
        level: the lowest level that is logged, one of LEVELS.
    """

    __slots__ = ("level", "write")

    def __init__(self) -> None:
        self.write: Write = write_readable
        self.level = "debug"

    def log(self, level: str, event: str, /, **fields: Any) -> None:
        """Log an event with a level of LEVELS."""
        if LEVELS[level] < LEVELS[self.level]:
            return
        if "exc_info" in fields:
            error: BaseException | None = fields.pop("exc_info")
            if error is not None:
                fields["exception"] = "".join(traceback.format_exception(error)).rstrip()
        fields["event"] = event
        self.write(level, fields)

    def debug(self, event: str, /, **fields: Any) -> None:
        """Log what only helps to find a fault."""
        self.log("debug", event, **fields)

    def info(self, event: str, /, **fields: Any) -> None:
        """Log what is as expected."""
        self.log("info", event, **fields)

    def warning(self, event: str, /, **fields: Any) -> None:
        """Log what operators should look at some day."""
        self.log("warning", event, **fields)

    def error(self, event: str, /, **fields: Any) -> None:
        """Log a failure."""
        self.log("error", event, **fields)

    def critical(self, event: str, /, **fields: Any) -> None:
        """Log a failure after which the process ends."""
        self.log("critical", event, **fields)


log = Logger()
