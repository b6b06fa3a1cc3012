"""`GET /internal/customization/credential/{provider_id}`: the ruleset of a custom credential."""

from __future__ import annotations

from urllib.parse import unquote

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.internal import INTERNAL, InternalCall
from passport_scorer.api.http.endpoint import Endpoint, Parameter, ResponseDoc
from passport_scorer.api.http.errors import RulesetNotFound
from passport_scorer.api.http.responses import json_response
from passport_scorer.db.queries.customization import find_ruleset
from passport_scorer.domain.bounded_types import is_storable


class CustomCredential(msgspec.Struct, frozen=True):
    """A custom credential.

    Attributes:
        ruleset: its definition as stored.
    """

    ruleset: msgspec.Raw


async def get_custom_credential(call: InternalCall) -> Response:
    """Return the definition of a custom credential."""
    definition = await find_ruleset(call.services.database, provider_ids(call.path["provider_id"]))
    if definition is None:
        raise RulesetNotFound
    return json_response(CustomCredential(msgspec.Raw(definition.encode())))


def provider_ids(decoded: str) -> list[str]:
    """Return the possible readings of a provider ID in a path, most likely first.

    Args:
        decoded: the text after the server has decoded it once; some clients encode it twice.

    Source: docs/rules/internal-api.md, "Custom credentials".
    """
    return [text for text in dict.fromkeys((decoded, unquote(decoded))) if is_storable(text)]


CUSTOM_CREDENTIAL = Endpoint(
    path="/internal/customization/credential/{provider_id}",
    guard=INTERNAL,
    handler=get_custom_credential,
    summary="Get the ruleset of a custom credential",
    description="The `#` in a provider ID must be encoded once (`%23`) or twice (`%2523`).",
    tag="Customizations",
    is_compressed=True,
    parameters=[
        Parameter(
            "provider_id",
            "`<TypeName>#<name>#<first 8 hex of the definition's SHA-256>`.",
            {"type": "string"},
            "DeveloperList#PeerDevs#98ac08c5",
        )
    ],
    success=ResponseDoc(
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
    errors=(RulesetNotFound,),
)
