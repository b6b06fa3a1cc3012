"""The two applications: one for the public, one for the internal network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from passport_scorer.api.ceramic_cache.routes import OWNER_ENDPOINTS
from passport_scorer.api.guards.base import Guard
from passport_scorer.api.http.compression import Representation
from passport_scorer.api.http.endpoint import Endpoint, UndocumentedRoute
from passport_scorer.api.http.help_links import HelpLinks
from passport_scorer.api.http.openapi import openapi_document
from passport_scorer.api.http.path_prefix import PathPrefix
from passport_scorer.api.http.response_headers import EXPOSED_HEADERS
from passport_scorer.api.http.responses import detail_response, error_response
from passport_scorer.api.middleware.access_log import note_error
from passport_scorer.api.middleware.limits import RequestLimits
from passport_scorer.api.middleware.routing_header import RoutingHeader
from passport_scorer.api.middleware.telemetry import RequestTelemetry
from passport_scorer.api.operations.routes import HEALTH, operations_routes
from passport_scorer.api.v2.routes import PARTNER_ENDPOINTS
from passport_scorer.services import Services

_PUBLIC = (*PARTNER_ENDPOINTS, *OWNER_ENDPOINTS, *HEALTH)
_PUBLIC_ABOUT = (
    "Passport Scorer",
    "Does an Ethereum address belong to a unique human? One call, one answer.",
)
_INTERNAL_ABOUT = ("Passport Scorer, internal", "For callers inside the private network.")


class UnguardedRoute(Exception):
    """A route does not say who may call it."""


def public_application(services: Services, *, with_internal: bool = False) -> Starlette:
    """Build the public application: `/v2/*`, `/ceramic-cache/*`, health and documentation.

    Args:
        services: what the endpoints call.
        with_internal: True if it also serves `/internal/*`, where there is only one listener.
    """
    endpoints = (*_PUBLIC, *_internal()) if with_internal else _PUBLIC
    return build_application(services, _PUBLIC_ABOUT, endpoints)


def internal_application(services: Services) -> Starlette:
    """Build the internal application: `/internal/*`, metrics, health and documentation."""
    return build_application(services, _INTERNAL_ABOUT, (*_internal(), *HEALTH), has_metrics=True)


def public_document() -> dict[str, Any]:
    """Return the OpenAPI document of the public application."""
    return openapi_document(*_PUBLIC_ABOUT, _PUBLIC)


def internal_document() -> dict[str, Any]:
    """Return the OpenAPI document of the internal application."""
    return openapi_document(*_INTERNAL_ABOUT, (*_internal(), *HEALTH))


def _internal() -> Sequence[Endpoint[Any]]:
    # A process that serves the public alone is spared their modules.
    from passport_scorer.api.internal.routes import INTERNAL_ENDPOINTS

    return INTERNAL_ENDPOINTS


def build_application(
    services: Services,
    about: tuple[str, str],
    endpoints: Sequence[Endpoint[Any]],
    *,
    has_metrics: bool = False,
) -> Starlette:
    """Build an application that serves endpoints and their documentation.

    Args:
        services: what the endpoints call.
        about: its title and a sentence, for the documentation.
        endpoints: the documented routes, in the order in which paths are tried.
        has_metrics: True if it serves `/metrics`.

    Raises:
        UnguardedRoute: a route names no guard.
    """
    others = operations_routes(about, endpoints, has_metrics=has_metrics)
    application = _Application(
        routes=list(map(_route, (*endpoints, *others))),
        middleware=_middleware(services),
    )
    application.router.redirect_slashes = False
    application.state.services = services
    return application


class _Application(Starlette):
    """Turns errors into responses inside all middleware, so that middleware sees only responses.

    (Starlette would add another outermost layer, for what `RequestTelemetry` does already.)
    """

    def build_middleware_stack(self) -> ASGIApp:
        application: ASGIApp = _UnmatchedRoutes(self.router)
        for layer, arguments, options in reversed(self.user_middleware):
            application = layer(application, *arguments, **options)
        return application


class _UnmatchedRoutes:
    """ASGI middleware: responds if the path does not exist or lacks the method.

    Source: RFC 9110, 9.3.7 (OPTIONS) and 15.5.6 (Allow).
    """

    def __init__(self, router: Router) -> None:
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._router(scope, receive, send)
        except HTTPException as error:
            response = self._response(scope, error)
            await response(scope, receive, send)

    def _response(self, scope: Scope, error: HTTPException) -> Response:
        if error.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            return detail_response(error.detail, error.status_code, error.headers)
        allowed = {"Allow": ", ".join(sorted({"OPTIONS", *self._methods(scope)}))}
        if scope["method"] == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=allowed)
        return detail_response(error.detail, error.status_code, allowed)

    def _methods(self, scope: Scope) -> Iterator[str]:
        """Yield all methods of the path: Starlette names only those of its first route."""
        for route in self._router.routes:
            if isinstance(route, Route) and route.matches(scope)[0] is Match.PARTIAL:
                yield from route.methods or ()


def _route(route: UndocumentedRoute[Any]) -> Route:
    # Types forbid it, but a guard decides who gets in: it is worth a check when the process starts.
    if not isinstance(route.guard, Guard):
        raise UnguardedRoute(f"{route.method} {route.path} names no guard; use OPEN for anyone.")
    built = Route(route.path, _Guarded(route), methods=[route.method])
    if route.is_compressed:
        built.app = Representation(built.app, route.cache_control)
    return built


class _Guarded:
    """A handler behind its guard as an ASGI application; an error becomes a response, too."""

    def __init__(self, route: UndocumentedRoute[Any]) -> None:
        self._guard, self._handler = route.guard, route.handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["longest_body"] = self._guard.longest_body
        try:
            response = await self._guard.respond(Request(scope, receive, send), self._handler)
        except Exception as error:  # noqa: BLE001  the caller must get a response
            response = error_response(error)
            note_error(scope, error)
        await response(scope, receive, send)


def _middleware(services: Services) -> list[Middleware]:
    middleware = [
        Middleware(HelpLinks),
        Middleware(RequestTelemetry, services.telemetry),
        Middleware(
            CORSMiddleware,
            allow_origins=["*"],
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED_HEADERS,
        ),
        Middleware(RequestLimits),
    ]
    if services.routing_header:
        middleware.append(Middleware(RoutingHeader, services.routing_header))
    if services.root_path:
        middleware.insert(0, Middleware(PathPrefix, services.root_path))
    return middleware
