"""The writer of report files."""

from __future__ import annotations

import os
from pathlib import Path

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.tools.shadow.report.html_report import report_html
from passport_scorer.tools.shadow.report.json_report import report_json
from passport_scorer.tools.shadow.report.metadata import ReportMetadata
from passport_scorer.tools.shadow.tally import Tally
from passport_scorer.tools.shadow.verdict import Verdict


class ReportNotWritten(PassportScorerError):
    """The report can't be written."""

    code = "report_not_written"


def prepare_folder(folder: Path) -> None:
    """Create the folder and check that it is writable; raises ReportNotWritten."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / ".writable", b"")
        (folder / ".writable").unlink()
    except OSError as error:
        raise ReportNotWritten(f"Can't write to {folder}: {error.strerror}.") from None


def write_report(folder: Path, metadata: ReportMetadata, tally: Tally, verdict: Verdict) -> None:
    """Write `report.html` and `report.json`; each file is replaced atomically."""
    page = report_html(metadata, tally, verdict).encode("utf-8", "backslashreplace")
    replace_file(folder / "report.html", page)
    replace_file(folder / "report.json", report_json(metadata, tally, verdict))


def replace_file(file: Path, content: bytes) -> None:
    """Replace a file atomically; raises ReportNotWritten."""
    try:
        _write(file, content)
    except OSError as error:
        raise ReportNotWritten(f"Can't write {file}: {error.strerror}.") from None


def _write(file: Path, content: bytes) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(file)
