"""A community and the scorer that it uses."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from passport_scorer.domain.errors import PassportScorerError

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_NUMBER = msgspec.json.Decoder(Decimal)
_MOST_DIGITS = 90  # of a weight, before and after the point
_NO_WEIGHT = Decimal(0)


class ScorerNotFound(PassportScorerError):
    """No scorer matches the given criteria."""

    code = "scorer_not_found"


class Community(msgspec.Struct, frozen=True):
    """The parts of a community that a score depends on.

    Attributes:
        id: the community id, which the API calls scorer id.
        weights: provider -> weight; dynamic weights override the scorer's.
        threshold: the least raw score that passes.
        human_points_program: True if passing here earns Human Points.

    Source: docs/rules/scoring.md, "Community and scorer".
    """

    id: int
    weights: Mapping[str, Decimal]
    threshold: Decimal
    human_points_program: bool

    def weight(self, provider: str) -> Decimal:
        """Return the weight of a provider; 0 if the scorer has none for it."""
        return self.weights.get(provider, _NO_WEIGHT)


class Weights(msgspec.Struct, frozen=True):
    """The weights in the document of a scorer.

    Attributes:
        usable: provider -> weight.
        ignored: the providers whose weights can't be used; `*` alone: the whole document.
    """

    usable: dict[str, Decimal]
    ignored: tuple[str, ...] = ()


def read_weights(document: str | None) -> Weights:
    """Read weights: a JSON object provider -> number or numeric string, exactly as written.

    Operators write them, so the document can be any JSON. A weight that isn't a finite number with
    up to 90 digits before and after the point is ignored, and so is a document that is not an
    object: their providers score 0, like all without a weight.

    Args:
        document: JSON text; None or empty: no weights.

    Source: docs/rules/scoring.md, "Community and scorer" and "Score"; docs/rules/stored-data.md,
    "Odd rows".
    """
    try:
        members = _MEMBERS.decode(document or "null") or {}
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Weights({}, ("*",))
    read = {provider: _weight(member) for provider, member in members.items()}
    return Weights(
        usable={provider: weight for provider, weight in read.items() if weight is not None},
        ignored=tuple(provider for provider, weight in read.items() if weight is None),
    )


def _weight(member: msgspec.Raw) -> Decimal | None:
    try:
        weight = _NUMBER.decode(member)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    exponent = weight.as_tuple().exponent
    # Neither infinite nor NaN, and short enough for an exact sum of any number of weights.
    if isinstance(exponent, str) or exponent < -_MOST_DIGITS or weight.adjusted() >= _MOST_DIGITS:
        return None
    return weight
