"""`GET /metrics`, for Prometheus: on the internal listener only.

It takes no token because scrapers send none: anyone inside the internal network can read it.
No value is secret or about a person.
"""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from passport_scorer.api.guards.open import OPEN, OpenCall
from passport_scorer.api.http.endpoint import UndocumentedRoute
from passport_scorer.telemetry.metrics import CONTENT_TYPE


async def _metrics(call: OpenCall) -> Response:
    # In a thread, because it reads the values of all workers from files.
    text = await asyncio.to_thread(call.services.telemetry.metrics.render)
    return Response(text, headers={"Content-Type": CONTENT_TYPE})


METRICS = UndocumentedRoute(path="/metrics", guard=OPEN, handler=_metrics, is_compressed=True)
