"""A call of a partner: an API key is presented, checked and counted, and its use recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TypeVar

import msgspec
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.usage import Answered, usage_of
from passport_scorer.api.http.client_address import peer_of
from passport_scorer.api.http.endpoint import Answer
from passport_scorer.api.http.responses import detail_answer, error_response, general_answers
from passport_scorer.api.middleware.access_log import note_error
from passport_scorer.auth.api_keys import PresentedKey, WrongSecret, presented_key
from passport_scorer.auth.key_hashes import sha256_hash
from passport_scorer.auth.rate_limits import RateLimited, RateLimitState
from passport_scorer.db.queries.partners import find_api_key
from passport_scorer.domain.api_key import ApiKey, InvalidApiKey
from passport_scorer.services import Services

PARTNER_SECURITY = ("ApiKey", "ApiKeyInAuthorization")
RATE_LIMIT_HEADERS = {
    "RateLimit-Policy": "The limit of your key, if there is one: calls (q) in so many seconds (w).",
    "RateLimit": "What is left of it: calls (r) until the window ends in so many seconds (t).",
}
PERMISSION_DENIED_ANSWER = detail_answer(
    403, "The key may not do this.", "Invalid permissions for action."
)

Handler = Callable[["PartnerCall"], Awaitable[Response]]
Found = TypeVar("Found")
Key = TypeVar("Key", bound=ApiKey)


class PartnerCall:
    """One request of a partner, while it is being answered.

    Attributes:
        request: the HTTP request.
        services: what the application is made of.
        peer: the network address that it comes from.
        presented: the API key that the request presents.
    """

    def __init__(self, request: Request, *, is_limited: bool = True) -> None:
        self.request = request
        self._is_limited = is_limited
        self.services: Services = request.app.state.services
        self._key: ApiKey | None = None
        self._limit: RateLimitState | None = None

    @cached_property
    def peer(self) -> str:
        """The network address that the call comes from, as limits count it."""
        return peer_of(self.request)

    @cached_property
    def presented(self) -> PresentedKey:
        """The API key that the request presents.

        Raises:
            InvalidApiKey: there is none, or it doesn't look like one.
            TooManyCalls: the peer has presented too many wrong ones.
        """
        x_api_key = self._only_header("x-api-key")
        authorization = self._only_header("authorization")
        presented = presented_key(x_api_key, authorization, self.services.demo_key)
        self.request.state.api_key_prefix = presented.prefix
        if self._is_limited:
            self.services.failed_calls.check(presented, self.peer)
        return presented

    async def authenticate(self, stored: ApiKey | None) -> ApiKey:
        """Check the presented key against the stored one, and count the call.

        Raises:
            InvalidApiKey: it is not a valid key.
            RateLimited: it is, but was used too often.
            TooManyKeyChecks: this couldn't be found out now.
        """
        presented = self.presented
        self._key = key = await self.check_key(stored)
        self._limit = await self.services.rate_limits.count(presented.prefix, "api", key.rate_limit)
        if self._limit and self._limit.exceeded:
            raise RateLimited
        return key

    async def authorized(
        self,
        read: Callable[[str], Awaitable[Found]],
        stored_key_of: Callable[[Found], ApiKey | None],
    ) -> tuple[ApiKey, Found]:
        """Read what the presented key may see, and check the key.

        Args:
            read: reads the stored key, and what it may see if the hash that it is given is one
                of the key's. So a wrong secret costs no read of documents, and a right one no
                round trip of its own.
            stored_key_of: returns the stored key of what was read.

        Raises:
            InvalidApiKey, RateLimited, TooManyKeyChecks: see `authenticate`.
        """
        digest = sha256_hash(self.presented.key)
        found = await read(digest)
        key = await self.authenticate(stored_key_of(found))
        if digest not in (key.hashed_key_sha256, key.hashed_key):
            found = await read(key.hashed_key)  # only the slow hash could tell, which it has now
        return key, found

    async def check_key(self, stored: Key | None) -> Key:
        """Check the presented key against the stored one; a failure counts against the peer.

        Raises:
            InvalidApiKey: it is not a valid key.
            TooManyKeyChecks: this couldn't be found out now.
        """
        presented, failed_calls = self.presented, self.services.failed_calls
        try:
            key = await self.services.api_keys.authenticate(presented, stored, self.peer)
        except InvalidApiKey as error:
            if isinstance(error, WrongSecret):
                self._key = stored
            if self._is_limited:
                failed_calls.failed(presented, self.peer)
            raise
        failed_calls.succeeded(presented, key.hashed_key_sha256)
        return key

    async def authenticate_alone(self) -> ApiKey:
        """As `authenticate`, for a call that needs nothing of the database but the key.

        Raises:
            InvalidApiKey, RateLimited, TooManyKeyChecks: see `authenticate`.
            DatabaseUnavailable: the database can't be reached in time.
        """
        stored = await find_api_key(self.services.database, self.presented.prefix)
        return await self.authenticate(stored)

    async def answer(self, handler: Handler, *, response_recorded: bool) -> Response:
        """Let the handler answer; whatever comes of it is an answer, and is recorded."""
        error: Exception | None = None
        try:
            response = await handler(self)
        except Exception as caught:  # noqa: BLE001  the caller must get an answer
            error, response = caught, error_response(caught)
            note_error(self.request.scope, caught)
        if self._limit:
            response.headers.update(self._limit.headers())
        if self._key:
            # Of the response its parts alone: together they would be garbage that refers to itself.
            answer = Answered(response.status_code, bytes(response.body), error)
            response.background = BackgroundTask(
                self._record, self._key, answer, response_recorded=response_recorded
            )
        return response

    async def _record(self, key: ApiKey, answer: Answered, *, response_recorded: bool) -> None:
        """Have the call recorded; the caller has the answer by then."""
        usage = usage_of(self.request, key, answer, response_recorded=response_recorded)
        self.services.usage_analytics.record(usage)

    def _only_header(self, name: str) -> str | None:
        values = self.request.headers.getlist(name)
        if len(values) > 1:
            raise InvalidApiKey  # it isn't clear who calls
        return values[0] if values else None


def partner_endpoint(
    *, response_recorded: bool
) -> Callable[[Handler], Callable[[Request], Awaitable[Response]]]:
    """Make an endpoint of a handler of partner calls.

    Args:
        response_recorded: True if the answer becomes a part of the usage analytics.
    """

    def decorate(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await PartnerCall(request).answer(handler, response_recorded=response_recorded)

        endpoint.__name__, endpoint.__doc__ = handler.__name__, handler.__doc__
        return endpoint

    return decorate


def partner_answers(*own: Answer) -> list[Answer]:
    """Describe what an endpoint for partners may answer, for the OpenAPI document.

    Args:
        own: what only this endpoint answers; goes before what all of them do.
    """
    again = {"Retry-After": "Seconds until the window ends."}
    answers = [
        *general_answers(),
        detail_answer(
            429,
            "The key was used too often, or too many wrong ones were presented.",
            "You have been rate limited!",
            again,
        ),
        *own,
    ]
    counted = [
        msgspec.structs.replace(answer, headers=RATE_LIMIT_HEADERS | dict(answer.headers))
        for answer in answers
    ]
    refused = "The key is missing, wrong, revoked or expired."
    return sorted(
        [detail_answer(401, refused, "Invalid API Key."), *counted],
        key=lambda answer: answer.status,
    )
