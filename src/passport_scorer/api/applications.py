"""The two applications: what the public may call, and what the internal network may call."""

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

from passport_scorer.api.ceramic_cache.authenticate import AUTHENTICATE
from passport_scorer.api.ceramic_cache.nonce import NONCE
from passport_scorer.api.ceramic_cache.score import OWN_SCORE
from passport_scorer.api.ceramic_cache.stakes_and_weights import STAKES_AND_WEIGHTS
from passport_scorer.api.ceramic_cache.stamps import STAMPS
from passport_scorer.api.http.compression import Representation
from passport_scorer.api.http.endpoint import Endpoint
from passport_scorer.api.http.help_links import HelpLinks
from passport_scorer.api.http.openapi import openapi_document
from passport_scorer.api.http.path_prefix import PathPrefix
from passport_scorer.api.http.response_headers import EXPOSED_HEADERS
from passport_scorer.api.http.responses import detail_response, error_response
from passport_scorer.api.internal.routes import INTERNAL_ENDPOINTS
from passport_scorer.api.middleware.access_log import note_error
from passport_scorer.api.middleware.limits import RequestLimits
from passport_scorer.api.middleware.routing_header import RoutingHeader
from passport_scorer.api.middleware.telemetry import RequestTelemetry
from passport_scorer.api.operations.documentation import documentation_routes
from passport_scorer.api.operations.health import HEALTH, HEALTH_WITH_SLASH
from passport_scorer.api.operations.metrics import METRICS
from passport_scorer.api.operations.pages import page_routes
from passport_scorer.api.v2.routes import PARTNER_ENDPOINTS
from passport_scorer.services import Services

_PUBLIC = (
    *PARTNER_ENDPOINTS,
    NONCE,
    AUTHENTICATE,
    *STAMPS,
    *OWN_SCORE,
    *STAKES_AND_WEIGHTS,
    *HEALTH,
)
_PUBLIC_ABOUT = (
    "Passport Scorer",
    "Does an Ethereum address belong to a unique human? One call, one answer.",
)
_INTERNAL_ABOUT = ("Passport Scorer, internal", "For callers inside the private network.")
_INTERNAL = (*INTERNAL_ENDPOINTS, *HEALTH)


def public_application(services: Services, *, with_internal: bool = False) -> Starlette:
    """What faces the public: `/v2/*`, `/ceramic-cache/*`, health and documentation.

    Args:
        services: what the endpoints call.
        with_internal: True if it serves `/internal/*` as well, where there is one listener only.
    """
    endpoints = (*_PUBLIC, *INTERNAL_ENDPOINTS) if with_internal else _PUBLIC
    return _application(services, _PUBLIC_ABOUT, endpoints)


def internal_application(services: Services) -> Starlette:
    """What faces the private network only: `/internal/*`, metrics, health and documentation."""
    return _application(services, _INTERNAL_ABOUT, _INTERNAL, METRICS)


def public_document() -> dict[str, Any]:
    """Return the OpenAPI document of the public application."""
    return openapi_document(*_PUBLIC_ABOUT, _PUBLIC)


def internal_document() -> dict[str, Any]:
    """Return the OpenAPI document of the internal application."""
    return openapi_document(*_INTERNAL_ABOUT, _INTERNAL)


def _application(
    services: Services, about: tuple[str, str], endpoints: Sequence[Endpoint], *others: Route
) -> Starlette:
    def document(root: str) -> dict[str, Any]:
        return openapi_document(*about, endpoints, root)

    application = _Application(
        routes=[
            *map(_route, (*endpoints, HEALTH_WITH_SLASH)),
            *map(_document, documentation_routes(document)),
            *map(_document, page_routes(*about, has_metrics=METRICS in others)),
            *map(_compressed, others),
        ],
        middleware=_middleware(services),
    )
    application.router.redirect_slashes = False
    application.state.services = services
    return application


class _Application(Starlette):
    """Errors become answers inside of all middleware, so that these see answers only.

    (Starlette would put another layer outermost, for what `RequestTelemetry` does already.)
    """

    def build_middleware_stack(self) -> ASGIApp:
        application: ASGIApp = _NoRouteAnswered(self.router)
        for layer, arguments, options in reversed(self.user_middleware):
            application = layer(application, *arguments, **options)
        return application


class _NoRouteAnswered:
    """ASGI middleware: answers where there is no such path, or no such method of it.

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
        """All methods of the path: Starlette names those of its first route only."""
        for route in self._router.routes:
            if isinstance(route, Route) and route.matches(scope)[0] is Match.PARTIAL:
                yield from route.methods or ()


def _route(endpoint: Endpoint) -> Route:
    route = Route(endpoint.path, _Answering(endpoint), methods=[endpoint.method])
    return _compressed(route, endpoint.cache_control) if endpoint.is_compressed else route


def _document(route: Route) -> Route:
    """Let callers keep a document, and ask each time whether it is still the same."""
    return _compressed(route, "no-cache")


def _compressed(route: Route, cache_control: str | None = None) -> Route:
    route.app = Representation(route.app, cache_control)
    return route


class _Answering:
    """A handler as an ASGI application; whatever it raises is an answer, too."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._handler = endpoint.handler
        self._longest_body = endpoint.longest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["longest_body"] = self._longest_body
        try:
            response = await self._handler(Request(scope, receive, send))
        except Exception as error:  # noqa: BLE001  the caller must get an answer
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
