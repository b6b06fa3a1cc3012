"""What can go wrong between the service and PostgreSQL, in the service's own words."""

from collections.abc import Sequence

from passport_scorer.domain.errors import PassportScorerError


class DatabaseUnavailable(PassportScorerError):
    """The database can't be reached right now."""

    code = "database_unavailable"


class LostRace(PassportScorerError):
    """What a decision was made on has changed before it could be written."""

    code = "lost_race"

    def __init__(self, message: str | None = None, losers: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.losers = losers
        """The decisions that fell, counted from 1; none: it isn't known which."""


class RowLocked(PassportScorerError):
    """Another transaction holds a row that is needed here. Try again."""

    code = "row_locked"
    losers: Sequence[int] = ()
    """As in `LostRace`; it is never known which."""


class QueryFailed(PassportScorerError):
    """The database refused a statement."""

    code = "query_failed"


class ValueRefused(QueryFailed):
    """The database can't hold a value of a statement."""

    code = "value_refused"
