"""A community and the scorer that it uses."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from passport_scorer.domain.decimals import UnusableWeight
from passport_scorer.domain.errors import PassportScorerError

_WEIGHTS = msgspec.json.Decoder(dict[str, Decimal])
_NO_WEIGHT = Decimal(0)


class ScorerNotFound(PassportScorerError):
    """No scorer matches the given criteria."""

    code = "scorer_not_found"


class Community(msgspec.Struct, frozen=True):
    """What of a community decides a score.

    Attributes:
        id: the community id, which the API calls scorer id.
        weights: provider -> weight, the dynamic weights laid over the scorer's.
        threshold: a raw score of at least this passes.
        human_points_program: True if passing here earns Human Points.

    Source: specification, scoring.md, 1.
    """

    id: int
    weights: Mapping[str, Decimal]
    threshold: Decimal
    human_points_program: bool

    def weight(self, provider: str) -> Decimal:
        """Return the weight of a provider; 0 if the scorer doesn't know it."""
        return self.weights.get(provider, _NO_WEIGHT)


def read_weights(document: str) -> dict[str, Decimal]:
    """Read weights: a JSON object provider -> number or numeric string, exactly as written.

    Raises:
        UnusableWeight: it is not such an object.

    Source: specification, scoring.md, 1 and 5.
    """
    try:
        return _WEIGHTS.decode(document)
    except (msgspec.MsgspecError, ValueError) as error:
        raise UnusableWeight from error
