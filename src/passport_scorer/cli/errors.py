"""Exit statuses of commands, and one line on stderr for an error."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from enum import IntEnum

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.settings.variables import InvalidSetting
from passport_scorer.tools.signals import Interruption

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_SIGNALED = 128

HELP = (
    "Exit status of every command: 0 success, or the answer is yes; 1 the answer is no, or problems"
    " were found; 2 failure: wrong usage, a malformed setting, a resource that can't be reached,"
    " read or written, a missing confirmation or extra; 128 + N stopped by signal N."
)


class Status(IntEnum):
    """The exit status of every command."""

    FINE = 0
    """Success, or the answer is yes."""
    FOUND = 1
    """The answer is no, or problems were found."""
    FAILED = 2
    """Failure; a line on stderr says why."""


def complain(message: str) -> None:
    """Print a message on stderr, as one line."""
    print(f"passport-scorer: {' '.join(message.split())}", file=sys.stderr)


def end_with(command: Callable[[], None]) -> None:
    """Run a command, and end the process with its exit status. The only place that does."""
    try:
        try:
            status = _status_of(command)
        finally:
            if sys.stdout is not None:  # not closed before the start
                sys.stdout.flush()
    except BrokenPipeError:  # the reader has read enough, as `head` does
        _drop_output()
        sys.exit(_SIGNALED + signal.SIGPIPE)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _drop_output()
        complain("There is no space left to write to.")
        sys.exit(Status.FAILED)
    sys.exit(status)


def _status_of(command: Callable[[], None]) -> str | int | None:
    try:
        command()
        return Status.FINE
    except SystemExit as ended:
        return ended.code
    except PassportScorerError as error:
        for line in _lines(error):
            complain(line)
    except KeyboardInterrupt as interruption:
        number = interruption.number if isinstance(interruption, Interruption) else signal.SIGINT
        return _SIGNALED + number
    return Status.FAILED


def _lines(error: PassportScorerError) -> list[str]:
    """Return the message, which has a line for each setting if several are malformed."""
    return error.message.splitlines() if isinstance(error, InvalidSetting) else [error.message]


def _drop_output() -> None:
    """Discard what could not be written, or the interpreter reports it on exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
