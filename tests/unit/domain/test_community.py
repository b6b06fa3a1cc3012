"""The weights in the document of a scorer."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.community import Community, Weights, read_weights
from passport_scorer.domain.decimals import exact_sum

# Up to as many digits as a weight may have, before the point and after it.
WEIGHTS = st.dictionaries(
    st.text(max_size=20),
    st.builds(
        lambda number, places: Decimal((number < 0, Decimal(number).as_tuple().digits, -places)),
        st.integers(1 - 10**90, 10**90 - 1),
        st.integers(0, 90),
    ),
)


def _document(weights: dict[str, Decimal], quote: str) -> str:
    members = (f"{json.dumps(name)}: {quote}{weight}{quote}" for name, weight in weights.items())
    return "{" + ", ".join(members) + "}"


@pytest.mark.parametrize("quote", ["", '"'], ids=["number", "string"])
@given(weights=WEIGHTS)
def test_weights_are_read_exactly_as_written(weights: dict[str, Decimal], quote: str) -> None:
    """A number and a numeric string are read digit by digit, never as a float."""
    assert {
        name: str(weight) for name, weight in read_weights(_document(weights, quote)).usable.items()
    } == {name: str(weight) for name, weight in weights.items()}


@pytest.mark.parametrize(
    "document", ["[]", "5", '"x"', '{"Google": 1', "[" * 90_000 + "]" * 90_000]
)
def test_other_documents_are_not_weights(document: str) -> None:
    """A document that is not an object is ignored."""
    assert read_weights(document) == Weights({}, ("*",))


@pytest.mark.parametrize("document", [None, "", "null", "{}"])
def test_no_weights_are_none(document: str | None) -> None:
    """A scorer can have no weights."""
    assert read_weights(document) == Weights({})


@pytest.mark.parametrize(
    "odd",
    [
        *("null", "true", "{}", "[1]", '"a lot"', '""', '"NaN"', '"sNaN"', '"-Infinity"'),
        *("1e90", '"1e999999999"', '"1e-91"', "1e400", '"0.' + "1" * 91 + '"'),
    ],
)
def test_a_weight_that_is_not_a_number_is_ignored(odd: str) -> None:
    """Only that weight is ignored: the others count."""
    document = f'{{"Google": {odd}, "Ens": 1.50}}'
    assert read_weights(document) == Weights({"Ens": Decimal("1.50")}, ("Google",))


@pytest.mark.parametrize("depth", [100, 90_000])
def test_a_deep_document_is_not_a_fault(depth: int) -> None:
    """Python limits the readable depth: the weight is ignored, or all are."""
    deep = "[" * depth + "]" * depth
    assert "Google" not in read_weights(f'{{"Google": {deep}, "Ens": 1}}').usable
    assert read_weights(deep) == Weights({}, ("*",))


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.text()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers()
        | st.lists(st.none()),
    )
)
def test_sums_of_any_weights_are_exact(document: dict[str, object]) -> None:
    """The usable weights of any document can be summed up."""
    weights = read_weights(json.dumps(document))
    assert exact_sum(weights.usable.values()).is_finite()
    assert {*weights.usable, *weights.ignored} - {"*"} == document.keys() - {"*"}


def test_an_unknown_provider_weighs_nothing() -> None:
    """A provider has its weight, or 0 if the scorer has none for it."""
    community = Community(1, {"Google": Decimal("0.525")}, Decimal(20), human_points_program=False)
    assert [community.weight(name) for name in ("Google", "google")] == [
        Decimal("0.525"),
        Decimal(0),
    ]
