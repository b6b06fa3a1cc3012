"""Which failures are followed by a second try."""

from __future__ import annotations

import pytest

from passport_scorer.db.connection_errors import Reason
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.db.retry import can_retry_read, can_retry_write


@pytest.mark.parametrize(
    ("reason", "rolled_back", "is_worth_retrying", "write", "read"),
    [
        (Reason.SHUTTING_DOWN, True, True, True, True),
        (Reason.BROKEN_CONNECTION, False, True, False, True),
        (Reason.NO_ANSWER, False, True, False, False),
        (Reason.POOL_EXHAUSTED, True, False, False, False),
    ],
)
def test_retried_failures(
    reason: Reason, rolled_back: bool, is_worth_retrying: bool, write: bool, read: bool
) -> None:
    """A write only if nothing was committed; a read unless it has taken long already."""
    error = DatabaseUnavailable(
        reason=reason, rolled_back=rolled_back, is_worth_retrying=is_worth_retrying
    )
    assert (can_retry_write(error), can_retry_read(error)) == (write, read)
