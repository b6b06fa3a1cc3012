"""Locks that a transaction holds until it ends.

Each waits at most for the lock timeout of its transaction, and then raises `RowLocked`.
"""

from __future__ import annotations

import msgspec

from passport_scorer.db.statement import NoParameters, Query, Statements


class _LockAddress(msgspec.Struct, frozen=True):
    """$1 of `lock_address.sql`."""

    address: str


class _LockScores(msgspec.Struct, frozen=True):
    """$1 and $2 of `lock_scores.sql`: the pairs."""

    address: list[str]
    community_id: list[int]


class _LockedScore(msgspec.Struct, frozen=True):
    """A score row that is locked now."""

    id: int


class _HeldLock(msgspec.Struct, frozen=True):
    """The row of an advisory lock that is held; it says nothing more."""

    held: str


_LOCK_ADDRESS = Query("lock_address", _LockAddress, _HeldLock)
_LOCK_SCORES = Query("lock_scores", _LockScores, _LockedScore)
_LOCK_CAPPED_ACTIONS = Query("lock_capped_actions", NoParameters, _HeldLock)


async def lock_address(transaction: Statements, address: str) -> None:
    """Let no other request change the stamps of an address (lower case) until the end."""
    await transaction.fetch(_LOCK_ADDRESS, _LockAddress(address))


async def lock_score(transaction: Statements, address: str, community_id: int) -> None:
    """Lock the score row of a pair, if it has one, until the end."""
    await transaction.fetch(_LOCK_SCORES, _LockScores([address], [community_id]))


async def lock_capped_actions(transaction: Statements) -> None:
    """Let no other transaction give capped Human Points actions until the end."""
    await transaction.fetch(_LOCK_CAPPED_ACTIONS, NoParameters())
