"""Each type of parameter has one syntax everywhere."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from passport_scorer.domain.parameters import (
    LONGEST_INTEGER,
    read_boolean,
    read_credentials,
    read_integer,
)


@given(st.integers(-(2**64), 2**64), st.integers(0, 20))
def test_every_spelling_of_an_integer_is_that_integer(number: int, zeros: int) -> None:
    """Leading zeros do not change the number."""
    sign = "-" if number < 0 else ""
    assert read_integer(f"{sign}{'0' * zeros}{abs(number)}") == number


@pytest.mark.parametrize(
    "text",
    [
        *("", "+", "-", "--1", "+1", "1.0", "1e3", "0x1", "1_000", "1,000", "NaN", "one"),
        *(" 1", "1 ", "1\n", "\t1", "1\0", "\u0661", "\uff11", "\u00b2", "\u22121", "\ud800"),
        "1" * (LONGEST_INTEGER + 1),
    ],
)
def test_invalid_integers(text: str) -> None:
    """Fractions, exponents, blanks, separators and other scripts' digits are refused."""
    assert read_integer(text) is None


@given(st.text())
def test_any_text_as_an_integer(text: str) -> None:
    """Only ASCII digits are a number; other text gives None, never an error."""
    number = read_integer(text)
    assert number is None or (text.isascii() and text.lstrip("-").isdigit())


@pytest.mark.parametrize(
    ("texts", "value"),
    [("true True TRUE 1 yes YES on oN", True), ("false False FALSE 0 no No off OFF", False)],
)
def test_booleans(texts: str, value: bool) -> None:
    """Four words for each, in any letter case."""
    assert {read_boolean(text) for text in texts.split()} == {value}


@given(st.text())
@example("")
@example("t")
@example(" true")
@example("o\ufb00")
def test_invalid_booleans(text: str) -> None:
    """Any other text is neither."""
    words = {"true", "1", "yes", "on", "false", "0", "no", "off"}
    assert (read_boolean(text) is None) == (text.lower() not in words)


@given(
    st.sampled_from(["Bearer", "bearer", "BEARER"]),
    *(st.text(" \t", min_size=least, max_size=4) for least in (0, 1, 0)),
)
def test_blanks_around_credentials_are_stripped(
    scheme: str, before: str, between: str, after: str
) -> None:
    """However many blanks and tabs there are, the scheme and the token are the same."""
    assert read_credentials(f"{before}{scheme}{between}a.b c{after}") == ("bearer", "a.b c")


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("", ("", "")),
        (" ", ("", "")),
        ("Bearer", ("bearer", "")),
        ("Bearer ", ("bearer", "")),
        ("Bearer\xa0x", ("bearer\xa0x", "")),
        ("Bearer \xa0x", ("bearer", "\xa0x")),
    ],
)
def test_missing_parts_of_an_authorization_are_empty(
    authorization: str, expected: tuple[str, str]
) -> None:
    """Only blanks and tabs separate: what other scripts call a blank is a part of the token."""
    assert read_credentials(authorization) == expected
