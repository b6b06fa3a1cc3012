"""An endpoint: where it is, what answers it, and what the OpenAPI document says of it.

Routes and documentation are made of the same list, so that neither can have what the other
hasn't.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

LONGEST_BODY = 4 * 1024 * 1024  # bytes; a hundred stamps have some 400 KB
LONGEST_ANONYMOUS_BODY = 64 * 1024  # bytes; of callers who present no credential


class Answer(msgspec.Struct, frozen=True):
    """One way in which an endpoint may answer.

    Attributes:
        status: the HTTP status.
        meaning: when it answers so.
        body: the type of the body.
        example: a body.
        headers: name -> what it says.
    """

    status: int
    meaning: str
    body: Any
    example: Any
    headers: Mapping[str, str] = {}


class Parameter(msgspec.Struct, frozen=True):
    """A parameter in the path, or in the query.

    Attributes:
        name: as in the path or the query.
        meaning: what it is.
        schema: JSON schema of it.
        example: a value.
        required: False if it may be left out; always True in a path.
    """

    name: str
    meaning: str
    schema: Mapping[str, Any]
    example: Any
    required: bool = True


class Body(msgspec.Struct, frozen=True):
    """The JSON body of a request: its type, and an example."""

    type: Any
    example: Any


class Endpoint(msgspec.Struct, frozen=True):
    """A method and a path, and everything about it.

    Attributes:
        path: with `{parameters}`.
        handler: answers a request.
        summary: a few words.
        description: what a caller needs to know; CommonMark.
        tag: the heading it stands under.
        answers: all ways in which it may answer.
        method: the HTTP method.
        parameters: those in the path.
        query: those in the query.
        body: what is sent.
        security: names of security schemes, any of which will do; empty: anybody may call.
        is_compressed: True if answers are compressed for who accepts it. Never where they hold
            secrets: the length would tell of them.
        cache_control: how long answers may be kept; None: not at all.
    """

    path: str
    handler: Callable[[Request], Awaitable[Response]]
    summary: str
    description: str
    tag: str
    answers: Sequence[Answer]
    method: Literal["GET", "POST", "PATCH", "DELETE"] = "GET"
    parameters: Sequence[Parameter] = ()
    query: Sequence[Parameter] = ()
    body: Body | None = None
    security: Sequence[str] = ()
    is_compressed: bool = False
    cache_control: str | None = None

    @property
    def longest_body(self) -> int:
        """The bytes of a body that are read at most: few, where anybody may call."""
        return LONGEST_BODY if self.security else LONGEST_ANONYMOUS_BODY
