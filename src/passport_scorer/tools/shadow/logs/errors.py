"""What can be wrong with a log."""

from passport_scorer.domain.errors import PassportScorerError


class LogUnreadable(PassportScorerError):
    """The log can't be read."""

    code = "log_unreadable"


class LineUnreadable(ValueError):
    """A line is no request; the message says why, without what is in it."""
