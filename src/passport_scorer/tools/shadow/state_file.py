"""The state of a replay, saved in a file so that it can be resumed."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import msgspec

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.tools.shadow.replay import Position, State
from passport_scorer.tools.shadow.report.writer import replace_file
from passport_scorer.tools.shadow.tally import Tally

NAME = "state.json"
_LONGEST_FIRST_LINE = 64 * 1024


class CannotResume(PassportScorerError):
    """No replay to resume."""

    code = "cannot_resume"


def new_state(log: Path) -> State:
    """Return the state of a new replay."""
    return State(_identity(log), Position(), Tally(began=time.time()))


def resume(folder: Path, log: Path) -> State:
    """Load the state from the report's folder.

    Raises:
        CannotResume: there is no state, or it belongs to a different log.
    """
    file = folder / NAME
    try:
        state = msgspec.json.decode(file.read_bytes(), type=State)
    except (OSError, msgspec.MsgspecError):
        raise CannotResume(f"No replay to resume in {folder}.") from None
    if state.log != _identity(log):
        raise CannotResume(f"The replay in {folder} is not of the log {log}.")
    return state


def save(folder: Path, state: State) -> None:
    """Save the state in the report's folder; raises ReportNotWritten."""
    replace_file(folder / NAME, msgspec.json.encode(state))


def _identity(log: Path) -> str:
    """Return a digest of the first line: a log can grow, but its beginning stays."""
    with log.open("rb") as file:
        return hashlib.sha256(file.readline(_LONGEST_FIRST_LINE)).hexdigest()
