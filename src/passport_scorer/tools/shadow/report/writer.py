"""The report's files in their folder."""

from __future__ import annotations

import os
from pathlib import Path

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.tools.shadow.report.html_report import report_html
from passport_scorer.tools.shadow.report.json_report import report_json
from passport_scorer.tools.shadow.report.metadata import About
from passport_scorer.tools.shadow.tally import Tally
from passport_scorer.tools.shadow.verdict import Verdict


class ReportNotWritten(PassportScorerError):
    """The report's files can't be written."""

    code = "report_not_written"


def prepare(folder: Path) -> None:
    """Make the folder; raises ReportNotWritten."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / ".writable", b"")
        (folder / ".writable").unlink()
    except OSError as error:
        raise ReportNotWritten(f"Can't write to {folder}: {error.strerror}.") from None


def write_report(folder: Path, about: About, tally: Tally, verdict: Verdict) -> None:
    """Write `report.html` and `report.json`; readers see old ones or new ones, never halves."""
    page = report_html(about, tally, verdict).encode("utf-8", "backslashreplace")
    write_whole(folder / "report.html", page)
    write_whole(folder / "report.json", report_json(about, tally, verdict))


def write_whole(file: Path, content: bytes) -> None:
    """Replace a file at once; raises ReportNotWritten."""
    try:
        _write(file, content)
    except OSError as error:
        raise ReportNotWritten(f"Can't write {file}: {error.strerror}.") from None


def _write(file: Path, content: bytes) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(file)
