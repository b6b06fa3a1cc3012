"""The scorer ID in a path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.api.schemas.scorer_id import NamedScorer, parse_scorer_id

DEMO = 77


@pytest.mark.parametrize(
    ("text", "external_scorer_id", "scorer_id"),
    [
        ("335", "335", 335),
        ("0335", "0335", 335),
        ("0", "0", 0),
        ("-0", "-0", 0),
        ("0" * 40 + "1", "0" * 40 + "1", 1),
        ("-" + "0" * 99 + "1", None, DEMO),
        ("9223372036854775807", "9223372036854775807", 2**63 - 1),
        ("9223372036854775808", "9223372036854775808", None),
        ("1" * 42, "1" * 42, None),
        ("1" * 43, None, None),
        ("my-scorer", "my-scorer", None),
        ("x" * 42, "x" * 42, None),
        ("x" * 43, None, None),
        ("+1", "+1", None),
        ("1.0", "1.0", None),
        ("1_000", "1_000", None),
        ("١", "١", None),
        ("--1", "--1", None),
        ("-", "-", None),
        ("1\n", None, None),
        ("my\x00scorer", None, None),
        ("-1", None, DEMO),
        ("-335", None, DEMO),
    ],
)
def test_a_scorer_is_named_by_an_integer_or_an_external_id(
    text: str, external_scorer_id: str | None, scorer_id: int | None
) -> None:
    """A text is an external id if the column can hold it, and an id if it is an integer."""
    assert parse_scorer_id(text, DEMO) == NamedScorer(external_scorer_id, scorer_id)


@given(number=st.integers(-(2**63), -1), demo=st.none() | st.integers(1, 1000))
def test_every_negative_integer_means_the_demo(number: int, demo: int | None) -> None:
    """A negative integer stands for the configured demo scorer, or for none."""
    assert parse_scorer_id(str(number), demo) == NamedScorer(None, demo)


@given(text=st.text())
def test_any_text_can_be_looked_up(text: str) -> None:
    """Whatever is in the path, what it names is within the bounds of the columns."""
    named = parse_scorer_id(text, DEMO)
    assert named.scorer_id is None or 0 <= named.scorer_id < 2**63
    assert named.external_scorer_id is None or (
        named.external_scorer_id == text and len(text) <= 42 and "\0" not in text
    )
