"""`GET /internal/embed/validate-api-key`: how often a partner's page may call."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.guards.partner import PARTNER_SECURITY, PartnerCall
from passport_scorer.api.http.endpoint import Answer, Endpoint
from passport_scorer.api.http.responses import detail_answer, general_answers, json_response
from passport_scorer.db.queries.embed import find_embed_api_key
from passport_scorer.domain.rate_limit import DEFAULT_TEXT, read_rate_limit
from passport_scorer.services import Services


class EmbedRateLimit(msgspec.Struct, frozen=True):
    """How often a key may be used by pages that embed the stamps.

    Attributes:
        embed_rate_limit: `<count>/<period>`, such as `125/15m`, as the key has it; empty or null:
            unlimited. The caller limits; a value that it can't read counts as `125/15m`.
    """

    embed_rate_limit: str | None


async def validate_api_key(request: Request) -> Response:
    """Return the embed rate limit of the presented key; the call itself isn't counted."""
    services: Services = request.app.state.services
    # One peer presents the keys of everybody's pages: what one page gets wrong must not count
    # against the others.
    call = PartnerCall(request, is_limited=False)
    stored = await find_embed_api_key(services.database, call.presented.prefix)
    key = await call.check_key(stored)
    limit = read_rate_limit(key.embed_rate_limit)
    is_readable = limit is None or not limit.is_default
    return json_response(EmbedRateLimit(key.embed_rate_limit if is_readable else DEFAULT_TEXT))


VALIDATE_API_KEY = Endpoint(
    path="/internal/embed/validate-api-key",
    handler=validate_api_key,
    summary="Get the embed rate limit of an API key",
    description=(
        "Takes the partner's API key instead of the internal token. The call is not counted "
        "against any rate limit of the key."
    ),
    tag="Embedding",
    security=PARTNER_SECURITY,
    answers=[
        Answer(200, "The key is valid.", EmbedRateLimit, EmbedRateLimit("")),
        detail_answer(401, "The key is missing, wrong, revoked or expired.", "Invalid API Key."),
        *general_answers(),
    ],
)
