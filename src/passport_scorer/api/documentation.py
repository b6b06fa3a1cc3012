"""`/openapi.json`, and a page at `/docs` that shows it without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passport_scorer.api.responses import json_response

_CACHED = {"Cache-Control": "public, max-age=86400"}
_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
    "start.js": "text/javascript",
}
# The page runs only what this service serves, and talks to this service only.
_ONLY_FROM_HERE = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
    )
}


def documentation_routes(document: Mapping[str, Any]) -> Sequence[Route]:
    """Return the routes that serve this OpenAPI document and the page that shows it."""

    encoded = json_response(document).body

    async def openapi(_request: Request) -> Response:
        return Response(encoded, media_type="application/json")

    return [
        Route("/openapi.json", openapi),
        Route("/docs", _page),
        *(Route(f"/docs/{name}", _file(name, kind)) for name, kind in _FILES.items()),
    ]


async def _page(_request: Request) -> Response:
    return Response(_read("index.html"), media_type="text/html", headers=_ONLY_FROM_HERE)


def _file(name: str, media_type: str) -> Any:
    async def serve(_request: Request) -> Response:
        return Response(_read(name), media_type=media_type, headers=_CACHED)

    return serve


@cache  # readers share it, however slow they are
def _read(name: str) -> bytes:
    assert __package__  # noqa: S101  this is a module of a package
    return (resources.files(__package__) / "docs_page" / name).read_bytes()
