"""Patterns of load balancers, compared with equivalent regular expressions."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.tools.aws.patterns import matches, text_classes

TEXTS = ["".join(text) for length in range(7) for text in itertools.product("abz", repeat=length)]
patterns = st.text("ab?*", max_size=4)


def is_short(found: list[str]) -> bool:
    """Return True if, after a prefix of two, TEXTS has texts of every kind."""
    return len("".join(found).replace("*", "")) <= 4


def expected(pattern: str, text: str) -> bool:
    """Return the equivalent regular expression."""
    parts = ({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("/v2/*", "/v2/stamps/1/score/0x1", True),
        ("/v2/*", "/v2/", True),
        ("/v2/*", "/v2", False),
        ("/v?/*", "/v3/x", True),
        ("/v2/*", "/V2/x", False),
        ("*", "", True),
        ("**", "anything", True),
        ("?", "", False),
        ("a.c", "abc", False),
    ],
)
def test_examples(pattern: str, text: str, *, fits: bool) -> None:
    """A star is any text, a question mark one character, everything else literal."""
    assert matches(pattern, text) is fits


@given(patterns, st.text("ab?*z", max_size=6))
def test_matches_as_regular_expressions_do(pattern: str, text: str) -> None:
    """A pattern matches what the corresponding regular expression matches."""
    assert matches(pattern, text) is expected(pattern, text)


@given(st.lists(patterns, max_size=4).filter(is_short), st.sampled_from(["", "a", "ab"]))
def test_every_kind_of_text_is_found(found: list[str], beginning: str) -> None:
    """The classes are exactly those of all texts with the prefix."""
    kinds = {
        frozenset(pattern for pattern in found if expected(pattern, text))
        for text in TEXTS
        if text.startswith(beginning)
    }
    assert text_classes(found, beginning=beginning) == kinds
