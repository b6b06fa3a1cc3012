"""`/openapi.json`, and the page at `/docs` that shows it and loads nothing from other sites."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from starlette.responses import Response

from passport_scorer.api.guards.base import Handler
from passport_scorer.api.guards.open import OpenCall
from passport_scorer.api.http.endpoint import UndocumentedRoute
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.operations.pages import NO_SNIFFING, document_route

_CACHED = {"Cache-Control": "public, max-age=86400"}
_CACHED_SHORTLY = {"Cache-Control": "public, max-age=300"}  # our own files change with each release
_OWN = frozenset({"start.js", "pages.css", "guide.css"})
_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
    "start.js": "text/javascript",
    "pages.css": "text/css",
    "guide.css": "text/css",
}
# The page runs only scripts from this service, and talks only to this service.
_ONLY_FROM_HERE = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    **NO_SNIFFING,
}


def documentation_routes(
    document: Callable[[str], Mapping[str, Any]],
) -> Sequence[UndocumentedRoute[OpenCall]]:
    """Return the routes that serve an OpenAPI document and the page that shows it.

    Args:
        document: makes it for a path prefix of the service; called on the first request.
    """

    @cache  # the prefix is one of the settings
    def encoded(root: str) -> bytes:
        return bytes(json_response(document(root)).body)

    async def openapi(call: OpenCall) -> Response:
        body = encoded(call.request.scope.get("root_path", ""))
        return Response(body, media_type="application/json")

    return [
        document_route("/openapi.json", openapi),
        document_route("/docs", _page),
        *(document_route(f"/docs/{name}", _file(name, kind)) for name, kind in _FILES.items()),
    ]


async def _page(_call: OpenCall) -> Response:
    return Response(_read("index.html"), media_type="text/html", headers=_ONLY_FROM_HERE)


def _file(name: str, media_type: str) -> Handler[OpenCall]:
    headers = _CACHED_SHORTLY if name in _OWN else _CACHED

    async def serve(_call: OpenCall) -> Response:
        return Response(_read(name), media_type=media_type, headers=headers)

    return serve


@cache  # one copy for all readers, however slow they are
def _read(name: str) -> bytes:
    assert __package__  # noqa: S101  this is a module of a package
    return (resources.files(__package__) / "docs_page" / name).read_bytes()
