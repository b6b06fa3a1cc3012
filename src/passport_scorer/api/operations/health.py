"""`GET /health`: liveness. `GET /health/ready`: readiness."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.open import OPEN, OpenCall
from passport_scorer.api.http.endpoint import Endpoint, ResponseDoc
from passport_scorer.api.http.errors import ServiceStopping
from passport_scorer.api.http.responses import json_response
from passport_scorer.db.errors import ClockSkew, DatabaseUnavailable


class Health(msgspec.Struct, frozen=True):
    """The state of the service.

    Attributes:
        status: `ok` or `ready`.
    """

    status: str


async def health(_call: OpenCall) -> Response:
    """Respond as long as the process serves."""
    return json_response(Health("ok"))


async def ready(call: OpenCall) -> Response:
    """Respond 200 only if the database is writable and the process is not draining, else 503."""
    if call.services.shutdown.draining:
        raise ServiceStopping
    await call.services.readiness.check()
    return json_response(Health("ready"))


def _liveness(path: str) -> Endpoint[OpenCall]:
    return Endpoint(
        path=path,
        guard=OPEN,
        handler=health,
        summary="Liveness probe",
        description="Responds as long as the process serves, regardless of the database.",
        tag="Health",
        success=ResponseDoc(200, "The process is running.", Health, Health("ok")),
    )


HEALTH = (
    _liveness("/health"),
    Endpoint(
        path="/health/ready",
        guard=OPEN,
        handler=ready,
        summary="Readiness probe",
        description="Responds 200 only if the database is writable and its clock agrees with this "
        "instance's. Responds 503 as soon as the service is told to shut down, while all other "
        "endpoints still work.",
        tag="Health",
        success=ResponseDoc(200, "Ready to serve.", Health, Health("ready")),
        errors=(DatabaseUnavailable, ClockSkew, ServiceStopping),
    ),
)
# With a trailing slash, for load balancers that are configured that way.
HEALTH_WITH_SLASH = _liveness("/health/")
