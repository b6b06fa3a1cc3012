"""The errors of the database, independent of the driver."""

from collections.abc import Sequence

from passport_scorer.domain.errors import PassportScorerError


class DatabaseUnavailable(PassportScorerError):
    """The database can't be reached right now.

    Attributes:
        reason: a short, stable code for logs and metrics; see `connection_errors.Reason`.
        sqlstate: the server's code; None if the server did not answer.
        rolled_back: True if it is certain that nothing was or will be committed, so that the
            work can be retried.
        is_worth_retrying: True if another connection may succeed.
    """

    code = "database_unavailable"

    def __init__(
        self,
        message: str | None = None,
        *,
        reason: str = "other",
        sqlstate: str | None = None,
        rolled_back: bool = False,
        is_worth_retrying: bool = False,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.sqlstate = sqlstate
        self.rolled_back = rolled_back
        self.is_worth_retrying = is_worth_retrying


class RowLocked(PassportScorerError):
    """Another transaction holds a lock that this request needs. Please try again.

    Nothing was committed.
    """

    code = "row_locked"


class ClockSkew(PassportScorerError):
    """The clocks of this instance and of the database differ too much."""

    code = "clock_skew"


class WriteConflict(PassportScorerError):
    """The data changed before the result could be saved. Please try again."""

    code = "write_conflict"

    def __init__(self, message: str | None = None, conflicting: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.conflicting = conflicting
        """The conflicting decisions, counted from 1; empty: unknown which."""


class QueryFailed(PassportScorerError):
    """The database refused a statement.

    Attributes:
        sqlstate: the server's code; None if the driver rejected the statement.
    """

    code = "query_failed"

    def __init__(self, message: str | None = None, *, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class ValueRefused(QueryFailed):
    """The database can't hold a value of a statement."""

    code = "value_refused"
