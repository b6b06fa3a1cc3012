"""The start page `/`, and `/errors`, which explains each error: HTML, or JSON on request."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html import escape
from importlib import resources
from itertools import groupby
from string import Template

import msgspec
from starlette.responses import HTMLResponse, Response

from passport_scorer import version
from passport_scorer.api.guards.base import Handler
from passport_scorer.api.guards.open import OPEN, OpenCall
from passport_scorer.api.http.content_negotiation import prefers_json
from passport_scorer.api.http.endpoint import UndocumentedRoute
from passport_scorer.api.http.error_help import ERRORS, ErrorList
from passport_scorer.api.http.error_reference import ErrorHelp
from passport_scorer.api.http.responses import json_response

NO_SNIFFING = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
# The pages load a style sheet and an icon from this service, and run no scripts.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Vary": "Accept",
    **NO_SNIFFING,
}


_PATHS = {
    "documentation": "/docs",
    "openapi": "/openapi.json",
    "errors": "/errors",
    "health": "/health",
    "readiness": "/health/ready",
}


class Start(msgspec.Struct, frozen=True):
    """The content of the start page.

    Attributes:
        name: the name of the service.
        version: the version of the service.
        about: a sentence about the service.
        links: name -> path.
    """

    name: str
    version: str
    about: str
    links: dict[str, str]


def page_routes(
    title: str, about: str, *, has_metrics: bool
) -> Sequence[UndocumentedRoute[OpenCall]]:
    """Return the routes of both pages.

    Args:
        title: the name of the service.
        about: a sentence about it.
        has_metrics: True if the application serves `/metrics`.
    """

    async def start(call: OpenCall) -> Response:
        root = call.request.scope.get("root_path", "")
        links = {name: root + path for name, path in paths.items()}
        found = Start(title, version(), about, links)
        if prefers_json(call.request):
            return json_response(found, headers={"Vary": "Accept"})
        return HTMLResponse(_start_page(found, root), headers=_HEADERS)

    paths = _PATHS | ({"metrics": "/metrics"} if has_metrics else {})
    return [document_route("/", start), document_route("/errors", _errors)]


def document_route(path: str, handler: Handler[OpenCall]) -> UndocumentedRoute[OpenCall]:
    """Return the route of a document that clients may cache but revalidate on each use."""
    return UndocumentedRoute(
        path=path, guard=OPEN, handler=handler, is_compressed=True, cache_control="no-cache"
    )


async def _errors(call: OpenCall) -> Response:
    if prefers_json(call.request):
        listed = ErrorList(sorted(ERRORS.values(), key=lambda entry: entry.status))
        return json_response(listed, headers={"Vary": "Accept"})
    return HTMLResponse(_errors_page(call.request.scope.get("root_path", "")), headers=_HEADERS)


_SHOWN = {
    "documentation": ("Documentation", "Guide and reference; try out every request"),
    "openapi": ("OpenAPI document", "For code generators and API clients"),
    "errors": ("Errors", "What each error means and how to fix it"),
    "health": ("Health", "Liveness probe"),
    "readiness": ("Readiness", "Readiness probe: can the service reach its database?"),
    "metrics": ("Metrics", "For Prometheus"),
}


def _start_page(start: Start, root: str) -> str:
    links = "".join(
        f'<li><a href="{escape(path)}">{_SHOWN[name][0]}</a> <span>{_SHOWN[name][1]}</span></li>'
        for name, path in start.links.items()
    )
    return _template("start.html").substitute(
        root=escape(root),
        title=escape(start.name),
        version=escape(start.version),
        about=escape(start.about),
        links=links,
    )


@cache  # the prefix is one of the settings
def _errors_page(root: str) -> str:
    entries = sorted(ERRORS.values(), key=lambda entry: entry.status)
    by_status = [
        (status, list(group)) for status, group in groupby(entries, key=lambda entry: entry.status)
    ]
    contents = "".join(
        f"<li><b>{status}</b> "
        + ", ".join(f'<a href="#{entry.code}">{entry.code}</a>' for entry in group)
        + "</li>"
        for status, group in by_status
    )
    sections = "".join(_section(entry) for _, group in by_status for entry in group)
    return _template("errors.html").substitute(
        root=escape(root), contents=contents, sections=sections
    )


def _section(entry: ErrorHelp) -> str:
    said = "".join(f"<li><q>{escape(each)}</q></li>" for each in entry.sentences if each != "…")
    sentences = f'<ul class="said">{said}</ul>' if said else ""
    return (
        f'<section id="{entry.code}" aria-labelledby="{entry.code}-title">'
        f'<h2 id="{entry.code}-title"><a href="#{entry.code}">{entry.code}</a> '
        f'<span class="status">{entry.status}</span></h2>'
        f"{sentences}<p>{_marked(entry.meaning)}</p>"
        f"<p><b>What to do:</b> {_marked(entry.remedy)}</p></section>"
    )


def _marked(text: str) -> str:
    """Return a text with `code` in it as HTML."""
    parts = escape(text, quote=False).split("`")
    return "".join(
        f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)
    )


@cache
def _template(name: str) -> Template:
    assert __package__  # noqa: S101  this is a module of a package
    return Template((resources.files(__package__) / "docs_page" / name).read_text("utf-8"))
