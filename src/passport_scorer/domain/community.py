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


class Weights(msgspec.Struct, frozen=True):
    """The weights of a scorer, as its document has them.

    Attributes:
        usable: provider -> weight.
        ignored: the providers whose weights can't be used; `*` alone: the document as a whole.
    """

    usable: dict[str, Decimal]
    ignored: tuple[str, ...] = ()


def read_weights(document: str | None) -> Weights:
    """Read weights: a JSON object provider -> number or numeric string, exactly as written.

    Operators write them, so that any JSON may be there. A weight that isn't a finite number of at
    most 90 digits before and after the point is as good as not there, and so is a document that is
    no object: its providers count 0, like any that the scorer doesn't know.

    Args:
        document: JSON text; None or empty: there are no weights.

    Source: specification, scoring.md, 1 and 5; http.md ("What was written in other times, or by
    others").
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
    # Neither infinite nor NaN; and so short that a sum of any number of them is exact.
    if isinstance(exponent, str) or exponent < -_MOST_DIGITS or weight.adjusted() >= _MOST_DIGITS:
        return None
    return weight
