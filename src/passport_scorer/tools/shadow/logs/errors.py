"""Errors of reading a log."""

from passport_scorer.domain.errors import PassportScorerError


class LogUnreadable(PassportScorerError):
    """The log can't be read."""

    code = "log_unreadable"


class LineUnreadable(ValueError):
    """A line is not a request; the message says why, without quoting the line."""
