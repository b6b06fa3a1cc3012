"""Looks at a database, changes nothing, and compares it with what the service needs."""

from .comparison import MISSING, Finding, Severity, compare
from .description import (
    Description,
    Table,
    describe,
    describe_within,
    expected_tables,
    recorded,
)
from .rows import RowCheck, check_rows, read_deployment

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
