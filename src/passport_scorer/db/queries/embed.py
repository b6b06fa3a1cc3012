"""What pages that embed the stamps ask for: weights, sections, a partner's API key."""

from __future__ import annotations

import msgspec

from passport_scorer.db.queries.partners import ApiKeyRow
from passport_scorer.db.statement import Query


class CommunityParameters(msgspec.Struct, frozen=True):
    """$1 of `read_embed_weights.sql` and `read_embed_config.sql`."""

    community_id: int


class EmbedWeights(msgspec.Struct, frozen=True):
    """The weights of a community's scorer, as JSON text; None where there are none."""

    weights: str | None


class EmbedConfig(msgspec.Struct, frozen=True):
    """The same, and the platforms of its page; the arrays are parallel, or all None."""

    weights: str | None
    titles: list[str] | None
    section_orders: list[int] | None
    platform_ids: list[str | None] | None
    item_orders: list[int | None] | None


class ReadEmbedKeyParameters(msgspec.Struct, frozen=True):
    """$1 of `read_embed_key.sql`."""

    prefix: str


class EmbedKey(ApiKeyRow, frozen=True):
    """An API key, and how often pages that embed the stamps may use it."""

    embed_rate_limit: str | None


READ_EMBED_WEIGHTS = Query("read_embed_weights", CommunityParameters, EmbedWeights)
READ_EMBED_CONFIG = Query("read_embed_config", CommunityParameters, EmbedConfig)
READ_EMBED_KEY = Query("read_embed_key", ReadEmbedKeyParameters, EmbedKey)
