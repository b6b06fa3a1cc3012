"""The weights of a scorer as responses show them."""

from __future__ import annotations

from passport_scorer.db.queries.embed import find_weights
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.services import Services

WEIGHTS_CACHE_CONTROL = "public, max-age=60"  # they change a few times a year


async def weights_of(services: Services, community_id: int) -> dict[str, float]:
    """Return provider -> weight, as stored with a community's scorer.

    Raises:
        ScorerNotFound: there is no such community.
        DatabaseUnavailable: the database did not answer in time.
    """
    weights = await find_weights(services.database, community_id)
    if weights is None:
        raise ScorerNotFound
    return weights
