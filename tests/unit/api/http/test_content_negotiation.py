"""HTML for browsers, JSON for those who ask for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from passport_scorer.api.http.content_negotiation import prefers_json


def asks_for_json(*accept: str) -> bool:
    """Return whether a request with these `Accept` headers gets JSON."""
    headers = [(b"accept", text.encode("latin-1")) for text in accept]
    return prefers_json(Request({"type": "http", "headers": headers}))


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/*", True),
        ("application/json, */*;q=0.1", True),
        ("application/json;q=0.9, text/html;q=0.8", True),
        ("*/*, text/html;q=0", True),
        ("", False),
        ("*/*", False),
        ("text/html", False),
        ("application/json, text/html", False),
        ("application/json;q=0.5, text/html", False),
        ("application/json;q=0, text/plain", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("image/png", False),
    ],
)
def test_what_accept_says(accept: str, expected: bool) -> None:
    """The more specific range decides, then the quality; a tie is HTML."""
    assert asks_for_json(accept) is expected


def test_several_headers_are_one_list() -> None:
    """The header may be there more than once."""
    assert asks_for_json("text/html;q=0.1", "application/json")


@given(st.lists(st.text(st.characters(max_codepoint=255)), max_size=3))
def test_any_header_is_read(accept: list[str]) -> None:
    """Any value gets an answer."""
    assert asks_for_json(*accept) in (True, False)
