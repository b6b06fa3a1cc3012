"""`GET /internal/customization/credential/{provider_id}`: what a custom credential asks for."""

from __future__ import annotations

from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.internal import (
    INTERNAL_SECURITY,
    internal_answers,
    internal_endpoint,
)
from passport_scorer.api.http.endpoint import Answer, Endpoint, Parameter
from passport_scorer.api.http.responses import detail_answer, json_response
from passport_scorer.db.queries.customization import find_ruleset
from passport_scorer.domain.bounded_types import is_storable
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.services import Services


class RulesetNotFound(PassportScorerError):
    """Not Found"""

    code = "ruleset_not_found"


class CustomCredential(msgspec.Struct, frozen=True):
    """A custom credential.

    Attributes:
        ruleset: its definition, as it is stored.
    """

    ruleset: msgspec.Raw


@internal_endpoint
async def get_custom_credential(request: Request) -> Response:
    """Return the definition of a custom credential."""
    services: Services = request.app.state.services
    named = provider_ids(request.path_params["provider_id"])
    definition = await find_ruleset(services.database, named)
    if definition is None:
        raise RulesetNotFound
    return json_response(CustomCredential(msgspec.Raw(definition.encode())))


def provider_ids(decoded: str) -> list[str]:
    """Return what a provider id in a path may stand for, likeliest first.

    Args:
        decoded: what is left when the server has decoded it once; some clients encode twice.

    Source: specification, http.md ("credential").
    """
    return [text for text in dict.fromkeys((decoded, unquote(decoded))) if is_storable(text)]


CUSTOM_CREDENTIAL = Endpoint(
    path="/internal/customization/credential/{provider_id}",
    handler=get_custom_credential,
    summary="What a custom credential asks for",
    description="The `#` in a provider id must be encoded: once (`%23`) or twice (`%2523`).",
    tag="Customizations",
    security=INTERNAL_SECURITY,
    is_compressed=True,
    parameters=[
        Parameter(
            "provider_id",
            "`<TypeName>#<name>#<first 8 hex of the definition's SHA-256>`.",
            {"type": "string"},
            "DeveloperList#PeerDevs#98ac08c5",
        )
    ],
    answers=[
        Answer(
            200,
            "The definition.",
            CustomCredential,
            CustomCredential(
                msgspec.Raw(
                    b'{"name": "PeerDevs", "condition": {"repository_contributor": '
                    b'{"threshold": 3, "repository": "example/example"}}}'
                )
            ),
        ),
        detail_answer(404, "There is no such credential.", "Not Found"),
        *internal_answers(),
    ],
)
