"""The error for operations that need a confirmation."""

from passport_scorer.domain.errors import PassportScorerError


class NotConfirmed(PassportScorerError):
    """The operation can do harm and was not confirmed."""

    code = "not_confirmed"
