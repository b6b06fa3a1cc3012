"""Where a replay has come to, kept in a file so that it can go on."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import msgspec

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.tools.shadow.replay import Position, State
from passport_scorer.tools.shadow.report.writer import write_whole
from passport_scorer.tools.shadow.tally import Tally

NAME = "state.json"
_BEGINNING = 64 * 1024


class CannotResume(PassportScorerError):
    """There is nothing to go on with."""

    code = "cannot_resume"


def begin(log: Path) -> State:
    """Return the state of a replay that hasn't begun."""
    return State(_identity(log), Position(), Tally(began=time.time()))


def resume(folder: Path, log: Path) -> State:
    """Return the state in the report's folder.

    Raises:
        CannotResume: there is none, or it is of another log.
    """
    file = folder / NAME
    try:
        state = msgspec.json.decode(file.read_bytes(), type=State)
    except (OSError, msgspec.MsgspecError):
        raise CannotResume(f"There is no replay to go on with in {folder}.") from None
    if state.log != _identity(log):
        raise CannotResume(f"The replay in {folder} is of another log than {log}.")
    return state


def keep(folder: Path, state: State) -> None:
    """Write the state into the report's folder; raises ReportNotWritten."""
    write_whole(folder / NAME, msgspec.json.encode(state))


def _identity(log: Path) -> str:
    """What tells a log from another: a log may have grown, its beginning stays."""
    with log.open("rb") as file:
        return hashlib.sha256(file.readline(_BEGINNING)).hexdigest()
