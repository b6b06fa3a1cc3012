"""Exact decimal arithmetic for weights, scores and thresholds, and their formats."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache

from passport_scorer.domain.errors import PassportScorerError

_FIVE_PLACES = Decimal("0.00001")
# Wide enough for the sum of any sensible weights; a sum that doesn't fit must be an error, never a
# rounded score.
_EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, Overflow])
_ROUNDING = Context(prec=200, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Overflow])


class UnusableWeight(PassportScorerError):
    """A weight or threshold of the scorer is not a finite decimal number."""

    code = "unusable_weight"


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    """Return the sum without any rounding; 0 for no values.

    Raises:
        UnusableWeight: a value is not finite, or the sum has more than 200 digits.

    Source: docs/rules/scoring.md, "Score".
    """
    total = Decimal(0)
    try:
        for value in values:
            total = _EXACT.add(total, value)
    except (Inexact, InvalidOperation, Overflow) as error:
        raise UnusableWeight from error
    if not total.is_finite():
        raise UnusableWeight
    return total


def five_decimals(value: Decimal) -> str:
    """Format a score, weight or threshold with exactly five decimals, half to even.

    Raises:
        UnusableWeight: the value is not finite, or too large.

    Source: docs/rules/http.md, "Numbers".
    """
    if not value.is_finite():
        raise UnusableWeight
    return _five_decimals(value)


@lru_cache(maxsize=4096)  # the same few weights and thresholds recur
def _five_decimals(value: Decimal) -> str:
    try:
        rounded = value.quantize(_FIVE_PLACES, context=_ROUNDING)
    except (InvalidOperation, Overflow) as error:
        raise UnusableWeight from error
    return format(abs(rounded) if rounded.is_zero() else rounded, "f")


def plain(value: Decimal) -> str:
    """Format a decimal with all its digits and no exponent: `16.026`, `0`."""
    return format(value, "f")
