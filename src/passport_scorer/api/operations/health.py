"""`GET /health`: liveness. `GET /health/ready`: readiness."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.http.endpoint import Answer, Endpoint
from passport_scorer.api.http.responses import detail_answer, error_response, json_response
from passport_scorer.api.middleware.access_log import note_error
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.services import Services


class Health(msgspec.Struct, frozen=True):
    """The state of the service.

    Attributes:
        status: `ok` or `ready`.
    """

    status: str


class ServiceStopping(PassportScorerError):
    """The service is about to stop."""

    code = "service_stopping"


async def health(_request: Request) -> Response:
    """Answer as long as the process serves."""
    return json_response(Health("ok"))


async def ready(request: Request) -> Response:
    """Answer 200 only if the database can be written to and the process stays, else 503."""
    services: Services = request.app.state.services
    try:
        if services.shutdown.draining:
            raise ServiceStopping
        await services.readiness.check()
    except PassportScorerError as error:
        note_error(request.scope, error)
        return error_response(error)
    return json_response(Health("ready"))


def _alive(path: str) -> Endpoint:
    return Endpoint(
        path=path,
        handler=health,
        summary="Liveness probe",
        description="Answers as long as the process serves, whatever the database does.",
        tag="Health",
        answers=[Answer(200, "The process is running.", Health, Health("ok"))],
    )


HEALTH = (
    _alive("/health"),
    Endpoint(
        path="/health/ready",
        handler=ready,
        summary="Readiness probe",
        description="Answers 200 only if the database can be written to and its clock agrees with "
        "this instance's, and 503 as soon as the service is told to stop, while it still answers "
        "everything else.",
        tag="Health",
        answers=[
            Answer(200, "Ready to serve.", Health, Health("ready")),
            detail_answer(503, "Not ready.", "The database can't be reached right now."),
        ],
    ),
)
# The same with a slash at the end, for load balancers that were set up so.
HEALTH_WITH_SLASH = _alive("/health/")
