"""The data of pages that embed the stamps: weights, sections, a partner's API key."""

from __future__ import annotations

import msgspec

from passport_scorer.db.statement import Query, Statements
from passport_scorer.domain.api_key import EmbedApiKey
from passport_scorer.domain.embed import EmbedConfig, sections, weight_numbers


class _OfCommunity(msgspec.Struct, frozen=True):
    """$1 of `read_embed_weights.sql` and `read_embed_config.sql`."""

    community_id: int


class _Weights(msgspec.Struct, frozen=True):
    """A row of `read_embed_weights.sql`: JSON text; null if the scorer has no weights."""

    weights: str | None


class _Config(msgspec.Struct, frozen=True):
    """A row of `read_embed_config.sql`; the arrays are parallel, or all null."""

    weights: str | None
    titles: list[str] | None
    section_orders: list[int] | None
    platform_ids: list[str | None] | None
    item_orders: list[int | None] | None


class _FindEmbedApiKey(msgspec.Struct, frozen=True):
    """$1 of `read_embed_key.sql`."""

    prefix: str


_FIND_WEIGHTS = Query("read_embed_weights", _OfCommunity, _Weights)
_FIND_EMBED_CONFIG = Query("read_embed_config", _OfCommunity, _Config)
_FIND_EMBED_API_KEY = Query("read_embed_key", _FindEmbedApiKey, EmbedApiKey)


async def find_weights(database: Statements, community_id: int) -> dict[str, float] | None:
    """Return the weights of a community's scorer, by provider; None if it does not exist."""
    rows = await database.read(_FIND_WEIGHTS, _OfCommunity(community_id))
    return weight_numbers(rows[0].weights) if rows else None


async def find_embed_config(database: Statements, community_id: int) -> EmbedConfig | None:
    """Return the contents of a community's page; None if the community does not exist."""
    rows = await database.read(_FIND_EMBED_CONFIG, _OfCommunity(community_id))
    if not rows:
        return None
    row = rows[0]
    items = zip(
        row.titles or (),
        row.section_orders or (),
        row.platform_ids or (),
        row.item_orders or (),
        strict=True,
    )
    return EmbedConfig(weight_numbers(row.weights), sections(items))


async def find_embed_api_key(database: Statements, prefix: str) -> EmbedApiKey | None:
    """Return the API key with a prefix, and its embed rate limit; None if there is no such key."""
    rows = await database.read(_FIND_EMBED_API_KEY, _FindEmbedApiKey(prefix))
    return rows[0] if rows else None
