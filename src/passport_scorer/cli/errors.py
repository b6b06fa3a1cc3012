"""How every command ends: what its exit status means, and what it says when it can't go on."""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import ParamSpec

import cyclopts

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.settings.variables import InvalidSetting
from passport_scorer.tools.embedded_postgres import Interruption

Arguments = ParamSpec("Arguments")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_SIGNALED = 128

HELP = (
    "Exit status of every command: 0 done, or the answer is yes; 1 the answer is no, or something"
    " was found; 2 it could not be done: wrong usage, a malformed setting, something that can't be"
    " reached, read or written, or lacks its confirmation; 128 + N stopped by signal N."
)


class Status(IntEnum):
    """What the exit status of a command means, whichever command it is."""

    FINE = 0
    """It is done, or the answer is yes."""
    FOUND = 1
    """The answer is no, or something was found."""
    FAILED = 2
    """It could not be done; a line on stderr says why."""


def complain(message: str) -> None:
    """Say something on stderr, in one line whatever it was."""
    print(f"passport-scorer: {' '.join(message.split())}", file=sys.stderr)


def failed(error: PassportScorerError) -> int:
    """Say why a command could not do its work, one line for each setting, and return its status."""
    lines = error.message.splitlines() if isinstance(error, InvalidSetting) else [error.message]
    for line in lines:
        complain(line)
    return Status.FAILED


def one_line(command: Callable[Arguments, int]) -> Callable[Arguments, int]:
    """Make a command that is refused something end with one line and FAILED."""

    @functools.wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> int:
        try:
            return command(*args, **kwargs)
        except PassportScorerError as error:
            return failed(error)

    return run


def end_with(command: Callable[[], None]) -> None:
    """Run a command that ends with SystemExit or a failure, and end the process as that says."""
    try:
        try:
            status = _status_of(command)
        finally:
            if sys.stdout is not None:  # nobody closed it before
                sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has read enough, as `head` has
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
    except cyclopts.CycloptsError as error:
        complain(str(error))
    except PassportScorerError as error:
        failed(error)
    except KeyboardInterrupt as interruption:
        number = interruption.number if isinstance(interruption, Interruption) else signal.SIGINT
        return _SIGNALED + number
    return Status.FAILED


def _drop_output() -> None:
    """Let what could not be written go, or the interpreter complains of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
