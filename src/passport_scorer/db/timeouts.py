"""The timeouts of statements, locks and connections."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Timeouts in seconds.

    Attributes:
        acquire_timeout: waiting for a free or new connection.
        statement_timeout: waiting for the answer to one statement; the server gives up a little
            earlier.
        lock_timeout: waiting for a lock, in a single statement.
        transaction_lock_timeout: waiting for a lock, in each statement of a transaction.
        idle_in_transaction_timeout: how long the server waits for the next statement of a
            transaction before it rolls back and ends the session. Shorter than the waits for the
            locks of a transaction, so that a frozen process does not fail the others.
    """

    acquire_timeout: float = 3.0
    statement_timeout: float = 10.0
    lock_timeout: float = 0.5
    transaction_lock_timeout: float = 3.0
    idle_in_transaction_timeout: float = 2.5

    @property
    def server_statement_timeout(self) -> float:
        """Seconds after which the server cancels a statement, in time for its answer to arrive."""
        return self.statement_timeout - min(0.5, self.statement_timeout / 10)

    def session_parameters(self, lock_timeout: float | None = None) -> Mapping[str, int]:
        """Return the timeouts of a session or transaction as parameters, in milliseconds."""
        lock = self.lock_timeout if lock_timeout is None else lock_timeout
        return {
            "statement_timeout": _milliseconds(self.server_statement_timeout),
            "lock_timeout": _milliseconds(lock),
            "idle_in_transaction_session_timeout": _milliseconds(self.idle_in_transaction_timeout),
        }


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
