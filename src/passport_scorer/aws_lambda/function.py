"""The state of a sandbox: one event loop, the services, their connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, MutableMapping
from contextlib import AsyncExitStack
from typing import Any, Protocol

import msgspec
from starlette.types import ASGIApp

from passport_scorer.api.applications import internal_application, public_application
from passport_scorer.api.http.host_header import NO_CLEAR_HOST, hosts_in
from passport_scorer.app import running_services, running_telemetry, utc_now
from passport_scorer.aws_lambda.events import (
    HttpRequest,
    ResponseFormat,
    UnknownEvent,
    UnreadableBody,
    read_event,
)
from passport_scorer.aws_lambda.exchange import FAULT, exchange
from passport_scorer.aws_lambda.responses import (
    HttpResponse,
    detail_response,
    event_response,
    is_too_long,
)
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.services import Services
from passport_scorer.settings.aws_secret import take_secret
from passport_scorer.settings.model import Settings
from passport_scorer.settings.startup_check import read_serving_settings, warn_of_useless_settings
from passport_scorer.settings.variables import InvalidSetting
from passport_scorer.telemetry.correlation import CORRELATION, correlation_of
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.logs import configure_logs

POOL_SIZE = "2"  # a sandbox has one request at a time
# Seconds after which idle connections count as dead: a middlebox may have dropped them by then, and
# a statement would wait until its timeout.
LONGEST_IDLE = 240.0
_RESERVE = 1.5  # seconds of a call reserved for the response and for flushing
_LAST = 0.2  # seconds reserved for returning the response
# Iterations of the loop in which it learns which connections were closed while the sandbox was
# frozen, so that they are replaced. A close arrives in pieces: last message, TLS, TCP.
_ROUNDS = 10
_NOT_IN_TIME = "There was no answer in time. Please try again."


class Context(Protocol):
    """The context of a call."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the remaining time of the call."""


class _Running(msgspec.Struct, frozen=True):
    services: Services
    public: ASGIApp
    internal: ASGIApp | None
    settings: Settings


class LambdaFunction:
    """Handles events; the callable that AWS Lambda expects.

    Settings are read and services started by the first event or `start`; connections are opened
    when a request needs them.

    Args:
        environ: the environment; the variables of a secret are added to it.
        clock: returns seconds, including those while the sandbox was frozen.
    """

    def __init__(
        self, environ: MutableMapping[str, str], clock: Callable[[], float] = time.time
    ) -> None:
        self._environ = environ
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stack = AsyncExitStack()
        self._running: _Running | None = None
        self._last_used = 0.0

    def __call__(self, event: object, context: Context | None) -> dict[str, Any]:
        """Handle an event. Failures become responses."""
        loop, shape = self._in_loop(), ResponseFormat.FORMAT_2
        CORRELATION.set(correlation_of(()))
        try:
            request = read_event(event)
            shape = request.response_format
            CORRELATION.set(correlation_of(request.headers))
            if len(hosts_in(request.headers)) > 1:  # everything else was checked by the sender
                refused = detail_response("no_clear_host", NO_CLEAR_HOST, self._root)
                return event_response(refused, shape)
            answer = loop.run_until_complete(self._answer(request, _deadline(context)))
        except (UnknownEvent, UnreadableBody) as error:
            log.warning("event_rejected", reason=error.code)
            answer = detail_response(error.code, error.message, self._root)
        except Exception as error:
            log.error("request_failed", error=type(error).__name__, exc_info=error)
            answer = detail_response("internal_error", FAULT, self._root)
        result = event_response(answer, shape)
        if is_too_long(result, shape):
            log.error("response_too_long", bytes=len(answer.body))
            return event_response(detail_response("internal_error", FAULT, self._root), shape)
        return result

    def start(self) -> None:
        """Prepare for the first event. A failure is logged, and retried by that event."""
        try:
            self._in_loop().run_until_complete(self._resumed())
        except PassportScorerError as error:
            _log_failed_start(error)

    def close(self) -> None:
        """Let the services finish their work; `start` and events start them again.

        Lambda does not end sandboxes in order: it freezes them.
        """
        if self._loop is not None:
            self._loop.run_until_complete(self._stack.aclose())
            self._loop.close()
            self._loop, self._running = None, None

    @property
    def _root(self) -> str:
        return self._running.settings.root_path if self._running else ""

    def _in_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            environment = self._environ.get("ENVIRONMENT", "") or Settings().environment
            configure_logs(environment=environment, readable=False)
            self._loop = asyncio.new_event_loop()
        return self._loop

    async def _answer(self, request: HttpRequest, deadline: float) -> HttpResponse:
        try:
            async with asyncio.timeout_at(deadline - _RESERVE):
                running = await self._resumed()
                answer = await exchange(_application(running, request), request)
        except TimeoutError:
            log.error("not_answered_in_time")
            answer = detail_response("not_in_time", _NOT_IN_TIME, self._root)
        except PassportScorerError as error:  # the next event may succeed
            _log_failed_start(error)
            return detail_response("internal_error", FAULT, self._root)
        await self._flush(deadline - _LAST)
        return answer

    async def _resumed(self) -> _Running:
        """Return the running services; start them, or refresh their connections after a freeze."""
        now, last = self._clock(), self._last_used
        self._last_used = now
        if self._running is None:
            self._running = await self._start()
        elif now - last > LONGEST_IDLE:
            await self._running.services.database.renew()
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)
        return self._running

    async def _start(self) -> _Running:
        take_secret(self._environ)
        settings = read_serving_settings(
            {"DATABASE_POOL_SIZE": POOL_SIZE, **self._environ}, traced=True
        )
        configure_logs(environment=settings.environment, readable=False, level=settings.log_level)
        if settings.database_url is None:
            raise InvalidSetting("DATABASE_URL: is missing.")
        _check_internal_network(settings)
        # Connections are opened by requests only, so rows are not looked up.
        await warn_of_useless_settings(settings, None, utc_now())
        async with AsyncExitStack() as stack:
            telemetry = await stack.enter_async_context(running_telemetry(settings, traced=True))
            services = await stack.enter_async_context(
                running_services(settings, settings.database_url, telemetry)
            )
            self._stack = stack.pop_all()
        internal = internal_application(services) if _serves_internal(settings) else None
        return _Running(services, public_application(services), internal, settings)

    async def _flush(self, deadline: float) -> None:
        """Send the data that would be lost if the sandbox were never resumed."""
        if self._running is None:
            return
        services = self._running.services
        try:
            async with asyncio.timeout_at(deadline):
                await services.usage_analytics.flush()
                await services.telemetry.traces.flush()
        except TimeoutError:
            log.warning("not_flushed_in_time")


def _log_failed_start(error: PassportScorerError) -> None:
    log.error("start_failed", reason=error.code, message=error.message)


def _application(running: _Running, request: HttpRequest) -> ASGIApp:
    """Return the application for a request: the internal one only where configured."""
    settings = running.settings
    is_internal = (
        settings.lambda_serves == "internal"
        or request.target_group in settings.lambda_internal_target_groups
    )
    return running.internal if is_internal and running.internal else running.public


def _serves_internal(settings: Settings) -> bool:
    return settings.lambda_serves == "internal" or bool(settings.lambda_internal_target_groups)


def _check_internal_network(settings: Settings) -> None:
    if _serves_internal(settings) and settings.cgrants_api_token is None:
        log.warning("internal_endpoints_need_no_token", reason="CGRANTS_API_TOKEN is not set")


def _deadline(context: Context | None) -> float:
    """Return the time, on the loop's clock, at which the call ends."""
    remaining = 30.0 if context is None else context.get_remaining_time_in_millis() / 1000
    return time.monotonic() + remaining
