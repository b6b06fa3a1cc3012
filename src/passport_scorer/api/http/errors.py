"""The errors that the HTTP layer raises itself, and the JSON bodies of errors.

What status an error becomes is decided in `error_reference`.

Source: docs/rules/http.md, "Errors".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from passport_scorer.db.errors import DatabaseUnavailable, RowLocked, WriteConflict
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.scoring.address_locks import TooManyForAddress

ErrorClasses: TypeAlias = Sequence[type[PassportScorerError]]


class Detail(msgspec.Struct, frozen=True):
    """An error.

    Attributes:
        detail: a sentence that says what is wrong.
    """

    detail: str


class NoScore(msgspec.Struct, frozen=True):
    """No score was found.

    Attributes:
        detail: a sentence that says what is wrong.
        address: the requested address, in lower case; left out if the scorer does not exist.
    """

    detail: str
    address: str | msgspec.UnsetType = msgspec.UNSET


class Problem(msgspec.Struct, frozen=True):
    """A mistake in a request.

    Attributes:
        type: the kind of mistake, for programs.
        loc: where it is: `["query", "limit"]`, `["body", 3, "provider"]`; indexes start at 0.
        msg: a sentence for people.
    """

    type: str
    loc: Sequence[str | int]
    msg: str


class Problems(msgspec.Struct, frozen=True):
    """A request with the wrong shape.

    Attributes:
        detail: a list of what is wrong, or a sentence.
    """

    detail: list[Problem] | str


class InvalidRequest(PassportScorerError):
    """The request has the wrong shape."""

    code = "invalid_request"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.msg)
        self.problem = problem


class BodyTooLong(PassportScorerError):
    """The body of the request is too long."""

    code = "too_long"


class PathTooLong(PassportScorerError):
    """The path of the request is too long."""

    code = "path_too_long"


class HeadersTooLong(PassportScorerError):
    """The headers of the request are too long."""

    code = "headers_too_long"


class UnsupportedEncoding(PassportScorerError):
    """The body must not be compressed: send it without Content-Encoding."""

    code = "unsupported_encoding"


class Unauthorized(PassportScorerError):
    """Unauthorized"""

    code = "unauthorized"


class InvalidScorerId(PassportScorerError):
    """Invalid scorer_id"""

    code = "invalid_scorer_id"


class NotFound(PassportScorerError):
    """Not Found"""

    code = "not_found"


class RulesetNotFound(PassportScorerError):
    """Not Found"""

    code = "ruleset_not_found"


class InternalError(PassportScorerError):
    """Something went wrong on our side. Please try again later."""

    code = "internal_error"


class ServiceStopping(PassportScorerError):
    """The service is about to stop."""

    code = "service_stopping"


# Anything that uses the database can raise the former; anything that scores, the latter.
DATABASE_ERRORS: ErrorClasses = (InternalError, DatabaseUnavailable, RowLocked)
SCORING_ERRORS: ErrorClasses = (*DATABASE_ERRORS, WriteConflict, TooManyForAddress)
