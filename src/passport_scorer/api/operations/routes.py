"""The routes of operators and readers: health, metrics, documentation, pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from passport_scorer.api.http.endpoint import Endpoint, UndocumentedRoute
from passport_scorer.api.http.openapi import openapi_document
from passport_scorer.api.operations.documentation import documentation_routes
from passport_scorer.api.operations.health import HEALTH, HEALTH_WITH_SLASH
from passport_scorer.api.operations.metrics import METRICS
from passport_scorer.api.operations.pages import page_routes

__all__ = ["HEALTH", "METRICS", "operations_routes"]


def operations_routes(
    about: tuple[str, str], endpoints: Sequence[Endpoint[Any]], *, has_metrics: bool
) -> Sequence[UndocumentedRoute[Any]]:
    """Return the routes of an application that are not endpoints.

    Args:
        about: the title of the application, and a sentence.
        endpoints: what `/openapi.json` describes.
        has_metrics: True if the application serves `/metrics`.
    """

    def document(root: str) -> dict[str, Any]:
        return openapi_document(*about, endpoints, root)

    return (
        HEALTH_WITH_SLASH,
        *documentation_routes(document),
        *page_routes(*about, has_metrics=has_metrics),
        *((METRICS,) if has_metrics else ()),
    )
