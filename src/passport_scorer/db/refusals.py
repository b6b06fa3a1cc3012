"""What it means that PostgreSQL refuses a statement, where the database itself is well."""

from __future__ import annotations

import re

import asyncpg

from passport_scorer.db.errors import QueryFailed, RowLocked, ValueRefused, WriteConflict
from passport_scorer.domain.errors import PassportScorerError

# Somebody else was faster; `write_scoring.sql` finds out by itself, and says whose race was lost:
# a bit for each decision, in the id of a community that doesn't exist.
_FALLEN = re.compile(r"\(community_id\)=\(-([0-9]+)\)")
_LOST_RACES = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.UniqueViolationError,
)


def refusal_of(error: Exception) -> PassportScorerError | None:
    """Return what a refused statement failed with; None if the error is none of the database.

    Args:
        error: raised by the driver; `reasons.fault_of` knows nothing about it.
    """
    if isinstance(error, (ValueError, ArithmeticError)):  # a value can't be sent, or not be read
        return ValueRefused()
    if not isinstance(error, asyncpg.PostgresError):
        return None
    if found := _FALLEN.search(error.detail or ""):
        return WriteConflict(conflicting=_ordinals(int(found[1])))
    if isinstance(error, _LOST_RACES):
        return WriteConflict()
    if isinstance(error, asyncpg.LockNotAvailableError):
        return RowLocked()
    if isinstance(error, (asyncpg.DataError, asyncpg.ProgramLimitExceededError)):
        return ValueRefused(sqlstate=error.sqlstate)
    return QueryFailed(sqlstate=error.sqlstate)


def _ordinals(bits: int) -> list[int]:
    return [place + 1 for place in range(bits.bit_length()) if bits >> place & 1]
