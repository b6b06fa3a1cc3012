"""`/openapi.json`, and a page at `/docs` that shows it without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passport_scorer.api.http.responses import json_response
from passport_scorer.api.operations.pages import NO_SNIFFING

_CACHED = {"Cache-Control": "public, max-age=86400"}
_CACHED_SHORTLY = {"Cache-Control": "public, max-age=300"}  # our own files change with the page
_OWN = frozenset({"start.js", "pages.css", "guide.css"})
_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
    "start.js": "text/javascript",
    "pages.css": "text/css",
    "guide.css": "text/css",
}
# The page runs only what this service serves, and talks to this service only.
_ONLY_FROM_HERE = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    **NO_SNIFFING,
}


def documentation_routes(document: Callable[[str], Mapping[str, Any]]) -> Sequence[Route]:
    """Return the routes that serve an OpenAPI document and the page that shows it.

    Args:
        document: makes it for a path prefix of the service; is called when somebody asks for it.
    """

    @cache  # the prefix is one of the settings
    def encoded(root: str) -> bytes:
        return bytes(json_response(document(root)).body)

    async def openapi(request: Request) -> Response:
        body = encoded(request.scope.get("root_path", ""))
        return Response(body, media_type="application/json")

    return [
        Route("/openapi.json", openapi),
        Route("/docs", _page),
        *(Route(f"/docs/{name}", _file(name, kind)) for name, kind in _FILES.items()),
    ]


async def _page(_request: Request) -> Response:
    return Response(_read("index.html"), media_type="text/html", headers=_ONLY_FROM_HERE)


def _file(name: str, media_type: str) -> Any:
    headers = _CACHED_SHORTLY if name in _OWN else _CACHED

    async def serve(_request: Request) -> Response:
        return Response(_read(name), media_type=media_type, headers=headers)

    return serve


@cache  # readers share it, however slow they are
def _read(name: str) -> bytes:
    assert __package__  # noqa: S101  this is a module of a package
    return (resources.files(__package__) / "docs_page" / name).read_bytes()
