"""Every route says who may call it, and the guards keep everyone else out."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.responses import Response
from starlette.routing import Route

from passport_scorer.api.applications import (
    UnguardedRoute,
    build_application,
    internal_application,
    public_application,
)
from passport_scorer.api.ceramic_cache.routes import OWNER_ENDPOINTS
from passport_scorer.api.guards.internal import INTERNAL
from passport_scorer.api.guards.open import OPEN
from passport_scorer.api.guards.owner import OWNER
from passport_scorer.api.guards.partner import KEY_CHECK, PARTNER, PartnerCall
from passport_scorer.api.http.endpoint import Endpoint, ResponseDoc
from passport_scorer.api.http.errors import Detail
from passport_scorer.api.internal.routes import INTERNAL_ENDPOINTS
from passport_scorer.api.operations.routes import HEALTH
from passport_scorer.api.v2.routes import PARTNER_ENDPOINTS
from passport_scorer.services import Services

from .world import KEY

OPEN_PATHS = {
    *("/account/nonce", "/ceramic-cache/authenticate/v2"),
    *("/ceramic-cache/stamp", "/ceramic-cache/weights"),
    *("/internal/embed/weights", "/internal/embed/config"),
    "/internal/embed/score/{scorer_id}/{address}",
    *("/health", "/health/ready"),
}
ENDPOINTS = (*PARTNER_ENDPOINTS, *OWNER_ENDPOINTS, *INTERNAL_ENDPOINTS, *HEALTH)


async def forgetful(_call: PartnerCall) -> Response:
    """Respond without a look at the key."""
    return Response("secrets of a partner")


def endpoint(**more: Any) -> Endpoint[PartnerCall]:
    """An endpoint whose handler forgets to check the key."""
    members: dict[str, Any] = {
        "path": "/forgetful",
        "handler": forgetful,
        "summary": "",
        "description": "",
        "tag": "",
        "success": ResponseDoc(200, "", Detail, Detail("")),
    }
    return Endpoint(**members, **more)


def test_a_route_without_a_guard_cannot_be_built(services: Services) -> None:
    """A missing line is an error at start, never an open door."""
    with pytest.raises(TypeError, match="guard"):
        endpoint()
    with pytest.raises(UnguardedRoute, match="GET /forgetful"):
        build_application(services, ("", ""), [endpoint(guard=None)])


def test_what_anyone_may_call() -> None:
    """A new open endpoint has to be added to this list, too."""
    assert {each.path for each in ENDPOINTS if each.guard is OPEN} == OPEN_PATHS


def test_whose_endpoints_are_behind_which_guard() -> None:
    """An audience's routes are in one place, and behind its guard unless open."""
    for endpoints, guards in (
        (PARTNER_ENDPOINTS, {type(PARTNER)}),
        (OWNER_ENDPOINTS, {type(OWNER), type(OPEN)}),
        (INTERNAL_ENDPOINTS, {type(INTERNAL), type(KEY_CHECK), type(OPEN)}),
    ):
        assert {type(each.guard) for each in endpoints} == guards


def test_pages_beside_the_endpoints_are_open_on_purpose(services: Services) -> None:
    """Whatever an application serves without documenting it: pages, files and metrics."""
    for application, more in (
        (public_application(services), set()),
        (internal_application(services), {"/metrics"}),
    ):
        documented = {each.path for each in ENDPOINTS}
        routes = [each for each in application.routes if isinstance(each, Route)]
        assert len(routes) == len(application.routes)
        others = {each.path for each in routes} - documented
        pages = {path for path in others if not path.startswith("/docs/")}
        assert pages == {"/", "/docs", "/errors", "/openapi.json", "/health/", *more}


@pytest.mark.parametrize("guard", [PARTNER, KEY_CHECK])
@pytest.mark.parametrize("headers", [{}, {"X-API-Key": KEY}])
async def test_a_response_without_a_key_check_never_leaves(
    services: Services, guard: Any, headers: dict[str, str]
) -> None:
    """A handler that forgets to check the key is a bug, with or without a valid key."""
    application = build_application(services, ("", ""), [endpoint(guard=guard)])
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://scorer") as client:
        response = await client.get("/forgetful", headers=headers)
    assert response.status_code == 500
    assert "secrets" not in response.text
