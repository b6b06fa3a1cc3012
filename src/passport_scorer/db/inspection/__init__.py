"""Looks at a database, changes nothing, and compares it with what the service needs."""

from .comparison import Finding, Severity, compare
from .description import (
    Description,
    Table,
    describe,
    describe_within,
    expected_tables,
    recorded,
)

__all__ = [
    "Description",
    "Finding",
    "Severity",
    "Table",
    "compare",
    "describe",
    "describe_within",
    "expected_tables",
    "recorded",
]
