"""The settings of pages that embed the stamps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.embed import Section, SectionItem, sections, weight_numbers


def test_weights_are_numbers() -> None:
    """Numbers and numeric strings become numbers."""
    assert weight_numbers('{"Google": 0.525, "Ens": "2.0"}') == {"Google": 0.525, "Ens": 2.0}


@pytest.mark.parametrize("document", [None, "", "{}"])
def test_no_weights_are_none(document: str | None) -> None:
    """A scorer without weights has none to show."""
    assert weight_numbers(document) == {}


@pytest.mark.parametrize("odd", ['"NaN"', '"1e400"', "1e400", "null", "[]", '"a lot"'])
def test_values_that_are_not_numbers_are_left_out(odd: str) -> None:
    """A weight that JSON can't hold as a number is not shown, the others are."""
    assert weight_numbers(f'{{"a": {odd}, "b": "1.5"}}') == {"b": 1.5}


PLACES = [
    ("Web2", 0, "Google", 1),
    ("Web2", 0, "Github", 0),
    ("Body", 1, "Face", 3),
    ("Web2", 0, "Discord", 1),
    ("Empty", 2, None, None),
    ("Another", 1, "Hand", 0),
]


@given(st.permutations(PLACES))
def test_sections_and_items_are_in_order(places: list[tuple[str, int, str, int]]) -> None:
    """Both are ordered by number, and by name where numbers are the same."""
    assert sections(places) == [
        Section(
            "Web2",
            0,
            [SectionItem("Github", 0), SectionItem("Discord", 1), SectionItem("Google", 1)],
        ),
        Section("Another", 1, [SectionItem("Hand", 0)]),
        Section("Body", 1, [SectionItem("Face", 3)]),
        Section("Empty", 2, []),
    ]


def test_no_places_are_no_sections() -> None:
    """A community without a page has no sections."""
    assert sections([]) == []
