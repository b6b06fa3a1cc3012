"""Exact sums, and the format of decimals."""

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from passport_scorer.domain.decimals import UnusableWeight, exact_sum, five_decimals, plain


def _decimal(coefficient: int, exponent: int) -> Decimal:
    return Decimal(coefficient).scaleb(exponent)


DECIMALS = st.builds(_decimal, st.integers(-(10**25), 10**25), st.integers(-30, 30))
# Halves of the last written digit, where ways to round differ.
TIES = st.builds(_decimal, st.integers(-(10**9), 10**9).map(lambda n: 10 * n + 5), st.just(-6))


@given(values=st.lists(DECIMALS, max_size=30))
def test_a_sum_is_exact(values: list[Decimal]) -> None:
    """A sum of decimals is the sum of the fractions that they are."""
    assert Fraction(exact_sum(values)) == sum(map(Fraction, values))


@pytest.mark.parametrize(
    "values",
    [
        ["Infinity"],
        ["NaN"],
        ["sNaN"],
        ["Infinity", "-Infinity"],
        ["1", "1E-300"],
        ["9E+999999", "9E+999999"],
    ],
)
def test_values_without_an_exact_sum_are_a_fault(values: list[str]) -> None:
    """A sum that is not finite, or would have to be rounded, is rejected."""
    with pytest.raises(UnusableWeight):
        exact_sum(map(Decimal, values))


@given(value=DECIMALS | TIES)
@example(Decimal("0.000005"))
@example(Decimal("0.000015"))
@example(Decimal("-1.000025"))
def test_five_decimals_are_rounded_half_to_even(value: Decimal) -> None:
    """The written number is the nearest multiple of 0.00001, the even one of two."""
    assert Fraction(five_decimals(value)) == Fraction(round(Fraction(value) * 10**5), 10**5)


@given(value=DECIMALS)
def test_five_decimals_are_always_five(value: Decimal) -> None:
    """There is no exponent, and there are five digits after the point, whatever the number."""
    assert re.fullmatch(r"-?[0-9]+\.[0-9]{5}", five_decimals(value))


@pytest.mark.parametrize("value", ["Infinity", "-Infinity", "NaN", "sNaN", "1E+300"])
def test_values_that_are_not_numbers_are_not_written(value: str) -> None:
    """A value that is not finite, or too large, is rejected."""
    with pytest.raises(UnusableWeight):
        five_decimals(Decimal(value))


@given(value=DECIMALS)
@example(Decimal("1E+5"))
@example(Decimal("1E-9"))
def test_a_plain_decimal_has_all_its_digits(value: Decimal) -> None:
    """A plain decimal has no exponent and is still the same number."""
    text = plain(value)
    assert (re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) is not None, Decimal(text)) == (True, value)
