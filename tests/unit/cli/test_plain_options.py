"""Plain options are read as the parser reads them; everything else is left to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.cli.commands import app
from passport_scorer.cli.plain_options import plain_options
from passport_scorer.cli.serve import serve

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)
NUMBERS = st.integers(0, 10**9 - 1).map(str)
OPTIONS = {
    "--host": TEXTS,
    "--port": NUMBERS,
    "--internal-host": TEXTS,
    "--internal-port": NUMBERS,
    "--workers": NUMBERS,
}


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """Options of `serve` in any order, each in one of its two forms."""
    words: list[str] = []
    for name in draw(st.permutations(sorted(OPTIONS)).map(lambda names: names[:3])):
        value = draw(OPTIONS[name])
        words.extend([f"{name}={value}"] if draw(st.booleans()) else [name, value])
    return words


@given(command_lines())
def test_they_are_read_as_the_parser_reads_them(words: list[str]) -> None:
    """Whatever is read without the parser has the meaning that the parser gives it."""
    options = plain_options(serve, words)
    if options is None:
        assert any(word.rpartition("=")[2].startswith("-") for word in words)
        return
    _, bound, _ = app.parse_args(["serve", *words], exit_on_error=False, print_error=False)
    assert (bound.args, bound.kwargs) == ((), options)


def test_no_options() -> None:
    """The defaults of the command apply."""
    assert plain_options(serve, []) == {}


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["-h"],
        ["--port"],
        ["--port="],
        ["--port", "http"],
        ["--port", "8_000"],
        ["--port", "０"],
        ["--port", "-1"],
        ["--port", "9999999999"],
        ["--internal_port", "8000"],
        ["--no-port"],
        ["--port", "8000", "--port", "9000"],
        ["--return", "8000"],
        ["--reload", "8000"],
        ["--host", "--port"],
        ["8000"],
        ["port", "8000"],
        ["--", "8000"],
        [""],
    ],
)
def test_what_leaves_a_doubt_is_left_to_the_parser(words: list[str]) -> None:
    """The parser decides, and finds the words for an error."""
    assert plain_options(serve, words) is None
