"""From text to structure."""

import sys
from collections.abc import Callable, Iterator

import pytest

from passport_scorer.credentials.errors import DocumentUnreadable
from passport_scorer.credentials.parsing import (
    MAXIMUM_DEPTH,
    MAXIMUM_SIZE,
    read_document,
)


def nested(levels: int) -> str:
    """An object in an object, a number of times."""
    return '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1)


@pytest.mark.parametrize("document", ['{"ä": [1]}', '{"ä": [1]}'.encode()])
def test_text_and_its_bytes_are_the_same(document: str | bytes) -> None:
    """A document may be given as text or as its UTF-8."""
    assert read_document(document) == {"ä": [1]}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"null",
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\x00"}',
        b"{} {}",
        '{"a":"\ud800"}',
        "[" * 60_000,
        '{"a":' * 10_000,
    ],
    ids=lambda document: ascii(document)[:20],
)
def test_text_that_is_not_a_json_object_is_refused(document: bytes | str) -> None:
    """Whatever the text holds, it is refused rather than failed on."""
    with pytest.raises(DocumentUnreadable):
        read_document(document)


def test_the_size_is_bounded() -> None:
    """A document may have `MAXIMUM_SIZE` bytes, and not one more."""
    assert read_document(b"{}".ljust(MAXIMUM_SIZE)) == {}
    with pytest.raises(DocumentUnreadable, match="more than"):
        read_document(b"{}".ljust(MAXIMUM_SIZE + 1))


def test_the_depth_is_bounded() -> None:
    """A document may nest `MAXIMUM_DEPTH` levels, and not one more."""
    assert read_document(nested(MAXIMUM_DEPTH))
    with pytest.raises(DocumentUnreadable, match="levels"):
        read_document(nested(MAXIMUM_DEPTH + 1))


@pytest.fixture
def recursion_limit() -> Iterator[Callable[[int], None]]:
    """Sets the interpreter's limit, for one test."""
    limit = sys.getrecursionlimit()
    yield sys.setrecursionlimit
    sys.setrecursionlimit(limit)


@pytest.mark.parametrize("limit", [500, 1_000_000])
@pytest.mark.parametrize("document", ['{"a":' * 13_000, '{"a":' + "[" * 60_000])
def test_the_recursion_limit_of_the_process_doesnt_matter(
    recursion_limit: Callable[[int], None], limit: int, document: str
) -> None:
    """A document made of brackets is refused however deep the interpreter may recurse."""
    recursion_limit(limit)
    with pytest.raises(DocumentUnreadable):
        read_document(document)
