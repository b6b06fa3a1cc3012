"""What can go wrong between the service and PostgreSQL, in the service's own words."""

from passport_scorer.domain.errors import PassportScorerError


class DatabaseUnavailable(PassportScorerError):
    """The database can't be reached right now."""

    code = "database_unavailable"


class LostRace(PassportScorerError):
    """What a decision was made on has changed before it could be written."""

    code = "lost_race"


class QueryFailed(PassportScorerError):
    """The database refused a statement."""

    code = "query_failed"


class ValueRefused(QueryFailed):
    """The database can't hold a value of a statement."""

    code = "value_refused"
