"""`GET /internal/embed/weights` and `…/config`: configuration of the embedded widget."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.open import OPEN, OpenCall
from passport_scorer.api.http.endpoint import Endpoint, Parameter, ResponseDoc
from passport_scorer.api.http.errors import DATABASE_ERRORS
from passport_scorer.api.http.requests import (
    parse_integer,
    required_query_parameter,
    scorer_query_parameter,
)
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.schemas.weights import WEIGHTS_CACHE_CONTROL, weights_of
from passport_scorer.db.queries.embed import find_embed_config
from passport_scorer.domain.bounded_types import BIGINT
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.embed import Section, SectionItem


class EmbedPage(msgspec.Struct, frozen=True):
    """The configuration of the embedded widget.

    Attributes:
        weights: the weights of the scorer: provider -> weight.
        stamp_sections: the sections, in order; can be empty.
    """

    weights: dict[str, float]
    stamp_sections: list[Section]


async def get_embed_weights(call: OpenCall) -> Response:
    """Return the weights of a community's scorer."""
    community_id = scorer_query_parameter(call.request, "community_id")
    if community_id is None:
        community_id = call.services.configured_scorer_id
    return json_response(await weights_of(call.services, community_id))


async def get_embed_config(call: OpenCall) -> Response:
    """Return the weights of a community's scorer, and the sections of its page."""
    written = required_query_parameter(call.request, "community_id")
    community_id = parse_integer(written, ["query", "community_id"])
    config = await find_embed_config(call.services.database, community_id)
    if config is None:
        raise ScorerNotFound
    return json_response(EmbedPage(config.weights, config.sections))


_WEIGHTS = {"Google": 0.525, "Github": 1.5}
_OPEN_TO_ALL = "No token is required."

EMBED_WEIGHTS = Endpoint(
    path="/internal/embed/weights",
    guard=OPEN,
    handler=get_embed_weights,
    summary="Get the weights of a community's scorer",
    description=f"Returns the weights as they are stored with the scorer. {_OPEN_TO_ALL}",
    tag="Embedding",
    is_compressed=True,
    cache_control=WEIGHTS_CACHE_CONTROL,
    query=[
        Parameter(
            "community_id",
            "The ID of a community; if omitted or empty, the community of the stamp store.",
            BIGINT.schema(),
            1,
            required=False,
        )
    ],
    success=ResponseDoc(200, "Provider -> weight.", dict[str, float], _WEIGHTS),
    errors=(ScorerNotFound, *DATABASE_ERRORS),
)
EMBED_CONFIG = Endpoint(
    path="/internal/embed/config",
    guard=OPEN,
    handler=get_embed_config,
    summary="Get the configuration of the embedded widget",
    description=f"Returns the weights, and the platforms grouped in sections. {_OPEN_TO_ALL}",
    tag="Embedding",
    is_compressed=True,
    cache_control=WEIGHTS_CACHE_CONTROL,
    query=[Parameter("community_id", "The ID of a community.", BIGINT.schema(), 1)],
    success=ResponseDoc(
        200,
        "Weights and sections.",
        EmbedPage,
        EmbedPage(
            _WEIGHTS,
            [Section("Web2 Platforms", 0, [SectionItem("Github", 0), SectionItem("Google", 1)])],
        ),
    ),
    errors=(ScorerNotFound, *DATABASE_ERRORS),
)
