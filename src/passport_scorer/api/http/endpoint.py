"""A route: its path, its guard, its handler, and what the OpenAPI documents say about it.

Routes and documents are made from the same list, so that neither can have what the other lacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal

import msgspec

from passport_scorer.api.guards.base import CallT, Guard, Handler
from passport_scorer.api.http.errors import ErrorClasses


class ResponseDoc(msgspec.Struct, frozen=True):
    """One response of an endpoint, for the OpenAPI document.

    Attributes:
        status: the HTTP status.
        description: when the endpoint responds this way.
        body: the type of the body.
        example: a body.
        headers: name -> description.
    """

    status: int
    description: str
    body: Any
    example: Any
    headers: Mapping[str, str] = {}


class Parameter(msgspec.Struct, frozen=True):
    """A parameter in the path or in the query.

    Attributes:
        name: as in the path or the query.
        description: what it means.
        schema: its JSON schema.
        example: a value.
        required: False if it can be omitted; always True in a path.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    example: Any
    required: bool = True


class Body(msgspec.Struct, frozen=True):
    """The JSON body of a request: its type, and an example."""

    type: Any
    example: Any


class UndocumentedRoute(msgspec.Struct, Generic[CallT], frozen=True, kw_only=True):
    """A path and how it is served; it is not part of an OpenAPI document.

    Attributes:
        path: with `{parameters}`.
        guard: who may call.
        handler: responds to a call that the guard lets in.
        method: the HTTP method.
        is_compressed: True if responses are compressed for clients that accept it. Never where
            they hold secrets, which their compressed length would give away.
        cache_control: how long responses may be cached; None: not at all.
    """

    path: str
    guard: Guard[CallT]
    handler: Handler[CallT]
    method: Literal["GET", "POST", "PATCH", "DELETE"] = "GET"
    is_compressed: bool = False
    cache_control: str | None = None


class Endpoint(UndocumentedRoute[CallT], frozen=True, kw_only=True):
    """A method and a path, and everything about it.

    Attributes:
        summary: a few words.
        description: what a caller needs to know; CommonMark.
        tag: the heading it is listed under.
        success: the response if nothing goes wrong.
        errors: the error classes that the handler can raise, besides those of the guard and of
            reading the body and the query.
        parameters: those in the path.
        query: those in the query.
        body: the request body.
    """

    summary: str
    description: str
    tag: str
    success: ResponseDoc
    errors: ErrorClasses = ()
    parameters: Sequence[Parameter] = ()
    query: Sequence[Parameter] = ()
    body: Body | None = None
