"""`GET /metrics`, for Prometheus: on the internal listener only.

It asks for no token, as scrapers present none: who reaches the internal network may read it.
No value in it is secret or about a person.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passport_scorer.services import Services
from passport_scorer.telemetry.metrics import CONTENT_TYPE


async def _metrics(request: Request) -> Response:
    services: Services = request.app.state.services
    # In a thread: the values of many workers are read from files.
    text = await asyncio.to_thread(services.telemetry.metrics.render)
    return Response(text, headers={"Content-Type": CONTENT_TYPE})


METRICS = Route("/metrics", _metrics, methods=["GET"])
