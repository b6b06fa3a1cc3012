"""The guards of endpoints for partners, who present an API key.

The key is checked by the handler, which reads the stored key together with what the key may see:
one round trip to the database instead of two. A response without that check never leaves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TypeVar

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.base import Call, Guard, Handler
from passport_scorer.api.guards.usage import RecordedResponse, usage_of
from passport_scorer.api.http.errors import DATABASE_ERRORS
from passport_scorer.api.http.responses import error_response
from passport_scorer.api.middleware.access_log import note_error
from passport_scorer.auth.api_keys import PresentedKey, WrongSecret, presented_key
from passport_scorer.auth.key_cache import CachedKey
from passport_scorer.auth.key_hashes import sha256_hash
from passport_scorer.auth.pbkdf2 import TooManyKeyChecks
from passport_scorer.auth.rate_limits import RateLimited, RateLimitState
from passport_scorer.db.queries.partners import find_api_key
from passport_scorer.domain.api_key import ApiKey, InvalidApiKey
from passport_scorer.telemetry.metrics import API_KEY_CHECKS

Found = TypeVar("Found")
Key = TypeVar("Key", bound=ApiKey)


class KeyNotChecked(Exception):
    """A handler has responded without checking the API key: a bug."""


class PartnerCall(Call):
    """A request of a partner.

    Args:
        request: the HTTP request.
        is_limited: False if failed calls do not count against the peer.
    """

    def __init__(self, request: Request, *, is_limited: bool = True) -> None:
        super().__init__(request)
        self._is_limited = is_limited
        self._is_checked = False
        self._key: ApiKey | None = None
        self._limit: RateLimitState | None = None
        self._counted: tuple[str | None] | None = None  # the limit that it was counted against

    @cached_property
    def presented(self) -> PresentedKey:
        """The API key that the request presents.

        Raises:
            InvalidApiKey: it is missing, or does not look like a key.
            TooManyCalls: the peer has presented too many wrong keys.
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
            InvalidApiKey: the key is not valid.
            RateLimited: the key is valid, but was used too often.
            TooManyKeyChecks: the check would have to wait for too many others.
        """
        key = await self.check_key(stored)
        if not await self._is_within_limit(key):
            raise RateLimited
        return key

    async def _is_within_limit(self, key: ApiKey) -> bool:
        """Count the call, once."""
        if self._counted != (key.rate_limit,):
            self._counted = (key.rate_limit,)
            self._limit = await self.services.rate_limits.count(
                self.presented.prefix, "api", key.rate_limit
            )
        return self._limit is None or not self._limit.exceeded

    async def cached_key(self) -> CachedKey | None:
        """Return the cached key if it is the presented one, and count the call.

        It lets the caller do nothing yet: the statement that does what the key allows has to check
        that its row still has this version. Then call `confirm`.

        Returns:
            None if the key is not cached, not usable, or over its limit: what the database says
            decides then.
        """
        cached = self.services.key_cache.get(self.presented)
        if cached is None or not await self._is_within_limit(cached.key):
            return None
        self._key = cached.key  # a call that fails from now on is recorded
        return cached

    def confirm(self, cached: CachedKey) -> None:
        """Accept a cached key, whose row was unchanged when the call was executed."""
        self.services.telemetry.metrics.add(API_KEY_CHECKS, 1, "sha256")
        self._accept(cached.key)

    async def authorized(
        self,
        read: Callable[[str], Awaitable[Found]],
        stored_key_of: Callable[[Found], ApiKey | None],
    ) -> tuple[ApiKey, Found]:
        """Read the data that the presented key can see, and check the key.

        Args:
            read: reads the stored key, and its data if the given hash is one of the key's.
                A wrong secret therefore reads no documents, and a right one costs no extra round
                trip.
            stored_key_of: returns the stored key of what was read.

        Raises:
            InvalidApiKey, RateLimited, TooManyKeyChecks: see `authenticate`.
        """
        digest = sha256_hash(self.presented.key)
        found = await read(digest)
        key = await self.authenticate(stored_key_of(found))
        if digest not in (key.hashed_key_sha256, key.hashed_key):
            found = await read(key.hashed_key)  # only the PBKDF2 hash matches: the key is new here
        return key, found

    async def check_key(self, stored: Key | None) -> Key:
        """Check the presented key against the stored one; a failure counts against the peer.

        Raises:
            InvalidApiKey: the key is not valid.
            TooManyKeyChecks: the check would have to wait for too many others.
        """
        presented, failed_calls = self.presented, self.services.failed_calls
        self._key = None
        try:
            key = await self.services.api_keys.authenticate(presented, stored, self.peer)
        except InvalidApiKey as error:
            if isinstance(error, WrongSecret):
                self._key = stored
            if self._is_limited:
                failed_calls.failed(presented, self.peer)
            raise
        self._accept(key)
        return key

    def _accept(self, key: ApiKey) -> None:
        self.services.failed_calls.succeeded(self.presented, key.hashed_key_sha256)
        self._key, self._is_checked = key, True

    async def authenticate_alone(self) -> ApiKey:
        """Do as `authenticate`, for a call that reads nothing but the key.

        Raises:
            InvalidApiKey, RateLimited, TooManyKeyChecks: see `authenticate`.
            DatabaseUnavailable: the database did not answer in time.
        """
        stored = await find_api_key(self.services.database, self.presented.prefix)
        return await self.authenticate(stored)

    def require_key_check(self) -> None:
        """Make sure that the handler has checked the key.

        Raises:
            KeyNotChecked: it has not.
        """
        if not self._is_checked:
            raise KeyNotChecked

    def finish(
        self, response: Response, error: Exception | None, *, response_recorded: bool
    ) -> None:
        """Add the rate limit to the response, and have the call recorded once it was sent."""
        if self._limit:
            response.headers.update(self._limit.headers())
        if self._key:
            # The parts of the response alone: as a whole it would be garbage with a cycle.
            parts = RecordedResponse(response.status_code, bytes(response.body), error)
            response.background = BackgroundTask(
                self._record, self._key, parts, response_recorded=response_recorded
            )

    async def _record(
        self, key: ApiKey, response: RecordedResponse, *, response_recorded: bool
    ) -> None:
        """Record the call, after the response was sent."""
        usage = usage_of(self.request, key, response, response_recorded=response_recorded)
        self.services.usage_analytics.record(usage)

    def _only_header(self, name: str) -> str | None:
        values = self.request.headers.getlist(name)
        if len(values) > 1:
            raise InvalidApiKey  # the caller is ambiguous
        return values[0] if values else None


class PartnerGuard(Guard[PartnerCall]):
    """Lets callers in who present an API key; counts, limits and records their calls.

    Args:
        response_recorded: True if the response becomes a part of the usage analytics.
    """

    security = ("ApiKey", "ApiKeyInAuthorization")
    errors = (InvalidApiKey, RateLimited, *DATABASE_ERRORS, TooManyKeyChecks)
    headers = {  # noqa: RUF012  declared in the base class
        "RateLimit-Policy": "The limit of your key, if it has one: q requests in w seconds.",
        "RateLimit": "The rest of the limit: r requests until the window ends in t seconds.",
    }

    def __init__(self, *, response_recorded: bool) -> None:
        self._response_recorded = response_recorded

    async def respond(self, request: Request, handler: Handler[PartnerCall]) -> Response:
        """Have the handler check the key and respond; turn its errors into responses."""
        call = PartnerCall(request)
        error: Exception | None = None
        try:
            response = await handler(call)
            call.require_key_check()
        except Exception as caught:  # noqa: BLE001  the call is recorded, however it ended
            error, response = caught, error_response(caught)
            note_error(request.scope, caught)
        call.finish(response, error, response_recorded=self._response_recorded)
        return response


class KeyCheckGuard(Guard[PartnerCall]):
    """Lets callers in who present an API key; neither counts nor records their calls.

    For internal services that check the keys of many partners: what one partner's page gets wrong
    must not count against the others.
    """

    security = PartnerGuard.security
    errors = (InvalidApiKey, *DATABASE_ERRORS, TooManyKeyChecks)

    async def respond(self, request: Request, handler: Handler[PartnerCall]) -> Response:
        """Have the handler check the key and respond."""
        call = PartnerCall(request, is_limited=False)
        response = await handler(call)
        call.require_key_check()
        return response


PARTNER = PartnerGuard(response_recorded=False)
PARTNER_WITH_RESPONSE_RECORDED = PartnerGuard(response_recorded=True)
KEY_CHECK = KeyCheckGuard()
