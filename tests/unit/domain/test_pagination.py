"""Pagination of stamps."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.pagination import (
    START,
    Cursor,
    InvalidLimit,
    InvalidToken,
    check_limit,
    neighbors,
    parse_token,
)

IDS = st.sets(st.integers(1, 2**63 - 2), max_size=30).map(sorted)


def encoded(text: str) -> str:
    """A token that says this."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def page(ids: Sequence[int], cursor: Cursor, limit: int) -> list[int]:
    """The page of these ids (the lowest first) that a cursor asks for, the highest first."""
    if cursor.d == "next":
        return [number for number in reversed(ids) if number < cursor.id][:limit]
    return [number for number in ids if number > cursor.id][:limit][::-1]


def around(ids: Sequence[int], shown: Sequence[int]) -> tuple[Cursor | None, Cursor | None]:
    """The neighboring pages of a page of these ids, from their tokens."""
    found = neighbors(
        shown,
        has_newer=bool(shown) and ids[-1] > shown[0],
        has_older=bool(shown) and ids[0] < shown[-1],
    )
    older, newer = (cursor and parse_token(cursor.token()) for cursor in found)
    return older, newer


def forward(ids: Sequence[int], limit: int) -> Iterator[list[int]]:
    """The pages from the first to the last."""
    cursor: Cursor | None = START
    while cursor:
        shown = page(ids, cursor, limit)
        yield shown
        cursor, _ = around(ids, shown)


def backward(ids: Sequence[int], limit: int, last: Sequence[int]) -> Iterator[list[int]]:
    """The pages before the last one, going back."""
    _, cursor = around(ids, last)
    while cursor:
        shown = page(ids, cursor, limit)
        yield shown
        _, cursor = around(ids, shown)


@given(IDS, st.integers(1, 12))
def test_each_stamp_is_on_one_page(ids: list[int], limit: int) -> None:
    """Following `next` visits each once, newest first, with no empty page but the only one."""
    pages = list(forward(ids, limit))
    assert [number for shown in pages for number in shown] == ids[::-1]
    assert all(pages) or pages == [[]]


@given(IDS, st.integers(1, 12))
def test_the_way_back_is_the_way_there(ids: list[int], limit: int) -> None:
    """Following `prev` from the last page visits the same pages in the other order."""
    pages = list(forward(ids, limit))
    assert [*backward(ids, limit, pages[-1])][::-1] == pages[:-1]


@given(IDS, st.integers(1, 12), st.integers(1, 12))
def test_back_with_another_limit(ids: list[int], there: int, back: int) -> None:
    """In steps of any size, each stamp is visited once."""
    *passed, last = forward(ids, there)
    visited = [number for shown in backward(ids, back, last) for number in sorted(shown)]
    assert visited == sorted(number for shown in passed for number in shown)


def test_the_ends() -> None:
    """The first and the last page lack a cursor; an empty page has neither."""
    assert neighbors([9, 5], has_newer=False, has_older=True) == (Cursor("next", 5), None)
    assert neighbors([9, 5], has_newer=True, has_older=False) == (None, Cursor("prev", 9))
    assert neighbors([], has_newer=True, has_older=True) == (None, None)


def test_the_token_that_clients_know() -> None:
    """Tokens are those of existing deployments, byte for byte."""
    assert Cursor("next", 57).token() == "eyJkIjogIm5leHQiLCAiaWQiOiA1N30"
    assert parse_token("eyJkIjogInByZXYiLCAiaWQiOiA1Nn0") == Cursor("prev", 56)


def test_an_empty_token_is_the_first_page() -> None:
    """A client that sends the parameter without a value gets what it gets without it."""
    assert parse_token("") == START


@given(st.sampled_from(["next", "prev"]), st.integers(1, 2**63 - 1), st.integers(0, 3))
def test_padding_is_accepted(direction: Literal["next", "prev"], number: int, padding: int) -> None:
    """A token means the same with the padding of base64, and with too much or too little of it."""
    cursor = Cursor(direction, number)
    assert parse_token(cursor.token() + "=" * padding) == cursor


@pytest.mark.parametrize(
    "token",
    [
        "=",
        "x",
        "abcde",
        "not base64",
        "eyJkIjogIm5leHQiLCAi=aWQiOiA1N30",
        "eyJkIjogIm5leHQiLCAiaWQiOiA1N30\n",
        encoded("[]"),
        encoded("{}"),
        encoded('{"d": "next"}'),
        encoded('{"d": "up", "id": 5}'),
        encoded('{"d": "next", "id": "5"}'),
        encoded('{"d": "next", "id": 5.5}'),
        encoded('{"d": "next", "id": true}'),
        encoded('{"d": "next", "id": 0}'),
        encoded('{"d": "next", "id": 9223372036854775808}'),
        encoded('{"d": "next", "id": 5, "sql": ""}'),
        encoded('{"d": "next", "id": 5}' + " " * 200),
        base64.urlsafe_b64encode(b"\xff\xfe").decode().rstrip("="),
    ],
)
def test_invalid_tokens(token: str) -> None:
    """Anything else is rejected."""
    with pytest.raises(InvalidToken, match=r"Invalid token\."):
        parse_token(token)


@given(st.text())
def test_any_text_as_a_token(token: str) -> None:
    """Any text is a cursor or rejected."""
    with suppress(InvalidToken):
        assert parse_token(token).id > 0


@pytest.mark.parametrize(("limit", "size"), [(None, 1000), (1, 1), (1000, 1000)])
def test_limits(limit: int | None, size: int) -> None:
    """From 1 to 1000, and 1000 by default."""
    assert check_limit(limit) == size


@pytest.mark.parametrize("limit", [0, -1, 1001, 2**63])
def test_invalid_limits(limit: int) -> None:
    """Any other limit is rejected."""
    with pytest.raises(InvalidLimit, match=r"Invalid limit\."):
        check_limit(limit)
