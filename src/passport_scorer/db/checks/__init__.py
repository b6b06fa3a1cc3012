"""Read-only checks of a database against the schema and the statements."""

from passport_scorer.db.checks.comparison import MISSING, Finding, Severity, compare
from passport_scorer.db.checks.description import (
    Description,
    Table,
    describe,
    describe_within,
    expected_tables,
    recorded,
)
from passport_scorer.db.checks.rows import RowCheck, check_rows, read_deployment

__all__ = [
    "MISSING",
    "Description",
    "Finding",
    "RowCheck",
    "Severity",
    "Table",
    "check_rows",
    "compare",
    "describe",
    "describe_within",
    "expected_tables",
    "read_deployment",
    "recorded",
]
