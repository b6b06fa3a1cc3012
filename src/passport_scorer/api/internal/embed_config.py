"""`GET /internal/embed/weights` and `…/config`: what a page that embeds the stamps shows."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passport_scorer.api.http.endpoint import Answer, Endpoint, Parameter
from passport_scorer.api.http.problems import invalid_request_answer
from passport_scorer.api.http.requests import (
    parse_integer,
    required_query_parameter,
    scorer_query_parameter,
)
from passport_scorer.api.http.responses import general_answers, json_response
from passport_scorer.api.schemas.parameters import unknown_scorer_answer
from passport_scorer.api.schemas.weights import WEIGHTS_CACHE_CONTROL, weights_of
from passport_scorer.db.queries.embed import find_embed_config
from passport_scorer.domain.bounded_types import BIGINT
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.embed import Section, SectionItem
from passport_scorer.services import Services


class EmbedPage(msgspec.Struct, frozen=True):
    """What a page shows.

    Attributes:
        weights: the weights of the scorer: provider -> weight.
        stamp_sections: the sections, in order; may be empty.
    """

    weights: dict[str, float]
    stamp_sections: list[Section]


async def get_embed_weights(request: Request) -> Response:
    """Return the weights of a community's scorer; anybody may call."""
    services: Services = request.app.state.services
    community_id = scorer_query_parameter(request, "community_id")
    if community_id is None:
        community_id = services.configured_scorer_id
    return json_response(await weights_of(services, community_id))


async def get_embed_config(request: Request) -> Response:
    """Return the weights of a community's scorer, and the sections of its page."""
    services: Services = request.app.state.services
    written = required_query_parameter(request, "community_id")
    community_id = parse_integer(written, ["query", "community_id"])
    config = await find_embed_config(services.database, community_id)
    if config is None:
        raise ScorerNotFound
    return json_response(EmbedPage(config.weights, config.sections))


_WEIGHTS = {"Google": 0.525, "Github": 1.5}
_ANYBODY = "No token is needed."

EMBED_WEIGHTS = Endpoint(
    path="/internal/embed/weights",
    handler=get_embed_weights,
    summary="Weights of a community's scorer",
    description=f"Returns the weights as they are stored with the scorer. {_ANYBODY}",
    tag="Embedding",
    is_compressed=True,
    cache_control=WEIGHTS_CACHE_CONTROL,
    query=[
        Parameter(
            "community_id",
            "The id of a community; by default, or empty, that of the stamp store's own score.",
            BIGINT.schema(),
            1,
            required=False,
        )
    ],
    answers=[
        Answer(200, "Provider -> weight.", dict[str, float], _WEIGHTS),
        unknown_scorer_answer(),
        invalid_request_answer(),
        *general_answers(),
    ],
)
EMBED_CONFIG = Endpoint(
    path="/internal/embed/config",
    handler=get_embed_config,
    summary="What a page that embeds the stamps shows",
    description=f"Weights, and platforms under their headings. {_ANYBODY}",
    tag="Embedding",
    is_compressed=True,
    cache_control=WEIGHTS_CACHE_CONTROL,
    query=[Parameter("community_id", "The id of a community.", BIGINT.schema(), 1)],
    answers=[
        Answer(
            200,
            "Weights and sections.",
            EmbedPage,
            EmbedPage(
                _WEIGHTS,
                [
                    Section(
                        "Web2 Platforms", 0, [SectionItem("Github", 0), SectionItem("Google", 1)]
                    )
                ],
            ),
        ),
        unknown_scorer_answer(),
        invalid_request_answer(),
        *general_answers(),
    ],
)
