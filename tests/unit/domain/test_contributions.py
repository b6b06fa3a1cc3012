"""The contributions of an address, exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.contributions import Contributions

AMOUNTS = st.decimals(0, 10**44, places=18, allow_nan=False, allow_infinity=False)
TIES = st.integers(0, 10**9).map(lambda number: Decimal(number) / 10_000)


def rounded(value: Fraction, places: int) -> Fraction:
    """Round half to even: what `round` does with exact numbers."""
    return Fraction(round(value * 10**places), 10**places)


@given(AMOUNTS | TIES, AMOUNTS | TIES)
def test_the_amount_is_that_of_exact_arithmetic(grants: Decimal, projects: Decimal) -> None:
    """The protocol's sum is rounded to 3 decimals, then the total to 2, each half to even."""
    expected = rounded(Fraction(grants) + rounded(Fraction(projects), 3), 2)
    amount = Contributions(1, grants, 1, projects).amount
    assert Fraction(amount) == expected
    assert amount.as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("grants", "projects", "amount"),
    [
        ("76.616", "47.501", "124.12"),
        ("0", "0", "0.00"),
        ("0.005", "0", "0.00"),
        ("0.015", "0", "0.02"),
        ("0", "0.0145", "0.01"),  # 0.014, which is rounded down
        ("0", "0.0155", "0.02"),  # 0.016
        ("0.0005", "1.0045", "1.00"),  # 1.0045 is 1.004 before anything is added
        ("99999999999999999999999999999999999999999999.995", "0", "1" + "0" * 44 + ".00"),
    ],
)
def test_examples(grants: str, projects: str, amount: str) -> None:
    """Ties go to the even neighbor, and large sums keep every digit."""
    assert str(Contributions(0, Decimal(grants), 0, Decimal(projects)).amount) == amount


def test_grants_and_projects_are_counted_together() -> None:
    """The number is that of both sources."""
    assert Contributions(2, Decimal(1), 3, Decimal(1)).count == 5
