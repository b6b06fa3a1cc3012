"""`GET /internal/embed/validate-api-key`: the rate limit of a partner's embedded widget."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.partner import KEY_CHECK, PartnerCall
from passport_scorer.api.http.endpoint import Endpoint, ResponseDoc
from passport_scorer.api.http.responses import json_response
from passport_scorer.db.queries.embed import find_embed_api_key
from passport_scorer.domain.rate_limit import DEFAULT_TEXT, read_rate_limit


class EmbedRateLimit(msgspec.Struct, frozen=True):
    """The rate limit of a key for pages with the embedded widget.

    Attributes:
        embed_rate_limit: `<count>/<period>`, such as `125/15m`, as stored with the key; empty or
            null means unlimited. The caller enforces the limit; it treats an unreadable value as
            `125/15m`.
    """

    embed_rate_limit: str | None


async def validate_api_key(call: PartnerCall) -> Response:
    """Return the embed rate limit of the presented key; the call itself is not counted."""
    stored = await find_embed_api_key(call.services.database, call.presented.prefix)
    key = await call.check_key(stored)
    limit = read_rate_limit(key.embed_rate_limit)
    is_readable = limit is None or not limit.is_default
    return json_response(EmbedRateLimit(key.embed_rate_limit if is_readable else DEFAULT_TEXT))


VALIDATE_API_KEY = Endpoint(
    path="/internal/embed/validate-api-key",
    guard=KEY_CHECK,
    handler=validate_api_key,
    summary="Get the embed rate limit of an API key",
    description=(
        "Takes the partner's API key instead of the internal token. The call is not counted "
        "against any rate limit of the key."
    ),
    tag="Embedding",
    success=ResponseDoc(200, "The key is valid.", EmbedRateLimit, EmbedRateLimit("")),
)
