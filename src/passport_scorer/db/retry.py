"""Decides which failed statements run again, on another connection."""

from __future__ import annotations

from passport_scorer.db.connection_errors import Reason
from passport_scorer.db.errors import DatabaseUnavailable


def can_retry_write(error: DatabaseUnavailable) -> bool:
    """Return True if another connection may do better, and certainly nothing was committed."""
    return error.is_worth_retrying and error.rolled_back


def can_retry_read(error: DatabaseUnavailable) -> bool:
    """Return True if another connection may do better; reading twice does no harm.

    Not after a timeout: the caller has waited long enough.
    """
    return error.is_worth_retrying and error.reason != Reason.NO_ANSWER
