"""Translates errors of statements, where the database itself is available."""

from __future__ import annotations

import re

import asyncpg

from passport_scorer.db.errors import QueryFailed, RowLocked, ValueRefused, WriteConflict
from passport_scorer.domain.errors import PassportScorerError

# `write_scoring.sql` detects write conflicts itself, and names the decisions that conflict: one
# bit for each, in the id of a community that does not exist.
_CONFLICTING = re.compile(r"\(community_id\)=\(-([0-9]+)\)")
_CONFLICTS = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.UniqueViolationError,
)


def statement_error(error: Exception) -> PassportScorerError | None:
    """Return our error for a failed statement; None if the database did not raise it.

    Args:
        error: raised by the driver; one that `connection_errors.fault_of` returns None for.
    """
    if isinstance(error, (ValueError, ArithmeticError)):  # a value can't be encoded or decoded
        return ValueRefused()
    if not isinstance(error, asyncpg.PostgresError):
        return None
    if found := _CONFLICTING.search(error.detail or ""):
        return WriteConflict(conflicting=_ordinals(int(found[1])))
    if isinstance(error, _CONFLICTS):
        return WriteConflict()
    if isinstance(error, asyncpg.LockNotAvailableError):
        return RowLocked()
    if isinstance(error, (asyncpg.DataError, asyncpg.ProgramLimitExceededError)):
        return ValueRefused(sqlstate=error.sqlstate)
    return QueryFailed(sqlstate=error.sqlstate)


def _ordinals(bits: int) -> list[int]:
    return [bit + 1 for bit in range(bits.bit_length()) if bits >> bit & 1]
