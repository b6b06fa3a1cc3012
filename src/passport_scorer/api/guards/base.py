"""The base of all guards: the check of the caller, and the call that a handler gets.

Every route names its guard, `OPEN` included, so that a missing line cannot be read as open.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.http.client_address import peer_of
from passport_scorer.api.http.errors import ErrorClasses
from passport_scorer.services import Services

LONGEST_BODY = 4 * 1024 * 1024  # bytes; a hundred stamps are about 400 KB
LONGEST_ANONYMOUS_BODY = 64 * 1024  # bytes; of callers who present no credential


class Call:
    """One request, as a handler sees it.

    Attributes:
        request: the HTTP request.
        services: the parts of the application.
        path: the parameters of the path.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.services: Services = request.app.state.services
        self.path: Mapping[str, Any] = request.path_params

    @cached_property
    def peer(self) -> str:
        """The network address of the caller, as limits count it."""
        return peer_of(self.request)


CallT = TypeVar("CallT", bound=Call)
Handler = Callable[[CallT], Awaitable[Response]]


class Guard(ABC, Generic[CallT]):
    """Decides who may call a handler, and says so in the OpenAPI documents.

    Attributes:
        security: names of security schemes, any of which will do; empty: no credential is asked.
        errors: what it raises, or what any handler behind it can raise.
        headers: header -> description, of every response but 401.
        longest_body: bytes of a request body.
    """

    security: ClassVar[tuple[str, ...]] = ()
    errors: ClassVar[ErrorClasses] = ()
    headers: ClassVar[Mapping[str, str]] = {}
    longest_body: ClassVar[int] = LONGEST_BODY

    @abstractmethod
    async def respond(self, request: Request, handler: Handler[CallT]) -> Response:
        """Check the caller, and have the handler respond.

        Raises:
            PassportScorerError: the caller is rejected, or whatever the handler raises.
        """
