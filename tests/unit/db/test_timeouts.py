"""Timeouts as the server gets them."""

from passport_scorer.db.timeouts import Timeouts


def test_parameters_are_in_milliseconds() -> None:
    """The server gives up before we do; no timeout becomes 0, which would mean none."""
    timeouts = Timeouts(statement_timeout=10, lock_timeout=0, idle_in_transaction_timeout=2.5)
    assert timeouts.session_parameters() == {
        "statement_timeout": 9500,
        "lock_timeout": 1,
        "idle_in_transaction_session_timeout": 2500,
    }
    assert timeouts.session_parameters(lock_timeout=3)["lock_timeout"] == 3000
