"""The report of `passport-scorer db check`, for people, logs and programs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from passport_scorer.cli.output import print_table
from passport_scorer.cli.unset_settings import UnsetSetting
from passport_scorer.db.checks import MISSING, Description, Finding, Severity, expected_tables

STYLES = {Severity.ERROR: "bold red", Severity.ADVICE: "yellow", Severity.NOTE: "dim"}
HEADINGS = {Severity.ERROR: "errors", Severity.ADVICE: "advice", Severity.NOTE: "notes"}

EMPTY = "The database has none of the tables: create them with passport-scorer db init."


class Report(msgspec.Struct, frozen=True):
    """The findings. `ok`: the service can work with the database."""

    database: str
    server_version: int
    ok: bool
    tables: tuple[str, ...]
    findings: tuple[Finding, ...]
    settings: Sequence[UnsetSetting] = ()

    @classmethod
    def of(cls, database: str, found: Description, findings: Iterable[Finding]) -> Self:
        """Make the report on a database, whose URL must not contain a password."""
        kept = tuple(findings)
        return cls(
            database=database,
            server_version=found.server_version,
            ok=not any(finding.severity is Severity.ERROR for finding in kept),
            tables=tuple(table.name for table in expected_tables()),
            findings=kept,
        )

    @property
    def summary(self) -> str:
        """The whole result in one line."""
        counts = Counter(finding.severity for finding in self.findings)
        found = ", ".join(f"{HEADINGS[kind]}: {counts[kind]}" for kind in Severity)
        verdict = "The service can work with" if self.ok else "The service can't work with"
        return f"{verdict} {self.database}: {len(self.tables)} tables compared, {found}."

    @property
    def is_empty(self) -> bool:
        """True if every table is missing."""
        missing = {each.table for each in self.findings if each.message == MISSING}
        return missing.issuperset(self.tables)

    @property
    def statements(self) -> list[str]:
        """The SQL that would fix differences."""
        return [finding.statement for finding in self.findings if finding.statement]


def print_lines(report: Report) -> None:
    """Print a line for each finding, for logs and grep."""
    if report.is_empty:
        print(EMPTY)
    for finding in report.findings:
        print(f"{finding.severity}: {finding.table}: {finding.message}")
        if finding.statement:
            print(f"    {finding.statement}")
    print_settings(report)
    print(report.summary)


def print_report(report: Report) -> None:
    """Print every table with its verdict, then the statements to run."""
    grid = Table("table", "verdict", "what", box=None)
    grid.columns[0].no_wrap = grid.columns[1].no_wrap = True
    for name in dict.fromkeys([*(each.table for each in report.findings), *report.tables]):
        of_table = [finding for finding in report.findings if finding.table == name]
        for finding in of_table:
            severity = finding.severity
            grid.add_row(name, Text(severity, STYLES[severity]), Text(finding.message))
        if not of_table:
            grid.add_row(name, Text("ok", "green"), "")
    print_table(grid)
    if report.statements:
        print("\nTo fix it:\n")
        print("\n".join(report.statements), end="\n\n")
    print_settings(report)
    if report.is_empty:
        print(EMPTY)
    Console().print(Text(report.summary), soft_wrap=True)


def print_settings(report: Report) -> None:
    """Print a line for each setting to decide on."""
    for setting in report.settings:
        print(f"setting: {setting.variable} {setting.message}")
