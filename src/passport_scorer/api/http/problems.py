"""What is wrong with a request that has the wrong shape: 422.

Source: specification, http.md ("Errors").
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from passport_scorer.api.http.endpoint import Answer
from passport_scorer.domain.errors import PassportScorerError


class Problem(msgspec.Struct, frozen=True):
    """A mistake in a request.

    Attributes:
        type: the kind of mistake, for programs.
        loc: where it is: `["query", "limit"]`, `["body", 3, "provider"]`; places count from 0.
        msg: a sentence for people.
    """

    type: str
    loc: Sequence[str | int]
    msg: str


class Problems(msgspec.Struct, frozen=True):
    """A request of the wrong shape.

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


def invalid_request_answer() -> Answer:
    """Describe the answer to a request of the wrong shape, for the OpenAPI document."""
    problem = Problem("missing", ["query", "created_at"], "The parameter is missing.")
    return Answer(422, "The request has the wrong shape.", Problems, Problems([problem]))
