"""A stamp can be stored if it is in bounds as sent, and as PostgreSQL returns it."""

from __future__ import annotations

import json

import pytest

from passport_scorer.credentials.errors import DocumentUnreadable
from passport_scorer.credentials.parsing import MAXIMUM_BRACKETS, MAXIMUM_DEPTH, MAXIMUM_SIZE
from passport_scorer.credentials.stored_form import MAXIMUM_DIGITS, read_storable

# The braces around it, its name, colon and blank as PostgreSQL has them.
AROUND = len('{"a": ""}')


def document(value: str) -> bytes:
    """A document with one member."""
    return b'{"a":%s}' % value.encode()


@pytest.mark.parametrize(
    "number",
    [
        *("0", "-0.0", "1.50", "1e5", "-1.5E-3", "0e-5", "1e+02"),
        "9" * MAXIMUM_DIGITS,
        "-" + "9" * MAXIMUM_DIGITS,
        f"1e{MAXIMUM_DIGITS - 1}",
        f"1e-{MAXIMUM_DIGITS - 1}",
        f"12e-{MAXIMUM_DIGITS - 2}",
    ],
)
def test_numbers_of_bounded_length_may_be_stored(number: str) -> None:
    """However a number is written, only its digits in full count."""
    assert read_storable(document(number)).read == {"a": json.loads(number)}
    assert read_storable(document(f'[[{{"b": {number}}}]]'))


@pytest.mark.parametrize(
    "number",
    [
        "9" * (MAXIMUM_DIGITS + 1),
        "-" + "9" * (MAXIMUM_DIGITS + 1),
        "9" * 5000,
        f"1e{MAXIMUM_DIGITS}",
        f"1e-{MAXIMUM_DIGITS}",
        *("1e131071", "1E-16383", "0e-16383", "0e131071", "1e99999999999999999999"),
        "1e-" + "9" * 5000,
        "1e+000000099",
        "0." + "1" * MAXIMUM_DIGITS,
    ],
)
def test_numbers_that_get_long_may_not(number: str) -> None:
    """A few bytes that become many kilobytes are refused anywhere in the document."""
    for value in (number, f'[[{{"b": {number}}}]]'):
        with pytest.raises(DocumentUnreadable):
            read_storable(document(value))


def test_the_size_counts_as_sent_and_as_stored() -> None:
    """Neither blanks that aren't stored nor escapes that get longer may exceed the size."""
    most = MAXIMUM_SIZE - AROUND
    assert read_storable(document('"' + "x" * most + '"'))
    refused = [
        '"' + "x" * (most + 1) + '"',
        '"x"'.rjust(MAXIMUM_SIZE),
        '"' + "\u00e9" * (most // 2 + 1) + '"',
        '"' + r"\n" * (most // 2) + r"\u0001" * 2 + '"',
        f"[{','.join(['1e90'] * 1000)}]",
    ]
    for value in refused:
        with pytest.raises(DocumentUnreadable, match="bytes"):
            read_storable(document(value))


def test_brackets_count_as_stored() -> None:
    """An escape that becomes a bracket is one: verification counts them in the stored text."""
    escaped = r"\u007b" * (MAXIMUM_BRACKETS - 1)
    assert read_storable(document(f'"{escaped}"'))
    with pytest.raises(DocumentUnreadable, match="brackets"):
        read_storable(document(f'"{escaped}' + r'\u005b"'))
    with pytest.raises(DocumentUnreadable, match="brackets"):
        read_storable(document(f"[{','.join(['[]'] * MAXIMUM_BRACKETS)}]"))


def test_depth() -> None:
    """A document may nest as deep as verification reads, and no deeper."""
    assert read_storable(document("[" * (MAXIMUM_DEPTH - 1) + "]" * (MAXIMUM_DEPTH - 1)))
    with pytest.raises(DocumentUnreadable, match="deeper"):
        read_storable(document("[" * MAXIMUM_DEPTH + "]" * MAXIMUM_DEPTH))


@pytest.mark.parametrize("value", [r'"\u0000"', r'{"a\u0000b": 1}', r'["x", {"y": "\u0000"}]'])
def test_nul_has_no_place_in_a_column(value: str) -> None:
    """Neither in a text nor in the name of a member."""
    with pytest.raises(DocumentUnreadable, match="NUL"):
        read_storable(document(value))
