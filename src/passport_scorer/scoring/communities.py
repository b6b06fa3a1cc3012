"""The community of a loaded score: weights and threshold, checked."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from passport_scorer.db.queries.loaded_scores import LoadedScorer
from passport_scorer.domain.community import Community, ScorerNotFound, read_weights
from passport_scorer.telemetry.logger import log

_MAX_LOGGED = 10  # providers that one event names


@lru_cache(maxsize=256)  # a service has few scorers
def usable_weights(document: str | None, community_id: int) -> Mapping[str, Decimal]:
    """Return provider -> weight of a JSON text; weights that can't be used are logged."""
    weights = read_weights(document)
    if weights.ignored:
        log.warning(
            "weights_ignored",
            community_id=community_id,
            count=len(weights.ignored),
            providers=weights.ignored[:_MAX_LOGGED],
        )
    return weights.usable


def community_of(scorer: LoadedScorer, community_id: int) -> Community:
    """Return a community, with its dynamic weights laid over the scorer's.

    Args:
        scorer: as it was loaded.
        community_id: the id of the community.

    Raises:
        ScorerNotFound: it has no scorer, or one whose threshold is not a finite number.
    """
    if scorer.threshold is None or not scorer.threshold.is_finite():
        log.warning("scorer_not_usable", community_id=community_id)
        raise ScorerNotFound
    weights = usable_weights(scorer.weights, community_id)
    if scorer.dynamic_weights:
        weights = {**weights, **usable_weights(scorer.dynamic_weights, community_id)}
    return Community(community_id, weights, scorer.threshold, scorer.human_points_program)
