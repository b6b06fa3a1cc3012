"""Weights as scorers hold them."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.community import Community, read_weights
from passport_scorer.domain.decimals import UnusableWeight

WEIGHTS = st.dictionaries(st.text(max_size=20), st.decimals(allow_nan=False, allow_infinity=False))


def _document(weights: dict[str, Decimal], quote: str) -> str:
    members = (f"{json.dumps(name)}: {quote}{weight}{quote}" for name, weight in weights.items())
    return "{" + ", ".join(members) + "}"


@pytest.mark.parametrize("quote", ["", '"'], ids=["number", "string"])
@given(weights=WEIGHTS)
def test_weights_are_read_exactly_as_written(weights: dict[str, Decimal], quote: str) -> None:
    """A number and a numeric string are read digit by digit, never as a float."""
    assert {
        name: str(weight) for name, weight in read_weights(_document(weights, quote)).items()
    } == {name: str(weight) for name, weight in weights.items()}


@pytest.mark.parametrize(
    "document",
    [
        "",
        "null",
        "[]",
        '{"Google": null}',
        '{"Google": true}',
        '{"Google": "a lot"}',
        '{"Google": [1]}',
        '{"Google": 1',
    ],
)
def test_other_documents_are_no_weights(document: str) -> None:
    """What isn't an object of numbers and numeric strings is refused as a whole."""
    with pytest.raises(UnusableWeight):
        read_weights(document)


def test_an_unknown_provider_weighs_nothing() -> None:
    """A provider that the scorer knows has its weight, any other has 0."""
    community = Community(1, {"Google": Decimal("0.525")}, Decimal(20), human_points_program=False)
    assert [community.weight(name) for name in ("Google", "google")] == [
        Decimal("0.525"),
        Decimal(0),
    ]
