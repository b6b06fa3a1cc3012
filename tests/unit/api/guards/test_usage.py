"""Usage rows are complete and within bounds, whatever a call contains."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from passport_scorer.api.guards.usage import (
    LONGEST_HEADERS,
    LONGEST_RESPONSE,
    MOST_HEADERS,
    RecordedResponse,
    usage_of,
)
from passport_scorer.domain.api_key import ApiKey, PermissionDenied
from passport_scorer.domain.usage import Usage

KEY = ApiKey("id", "hash", None, False, None, True, True, None, None)
# The maximum of an index entry in PostgreSQL, less its own overhead.
INDEXED = 2600
# Text that can be sent in a URL: UTF-8 has no half characters.
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=2000)


HEADERS = [(b"x-api-key", b"a.secret"), (b"cookie", b"secret"), (b"accept", b"*/*")]
HEADER_TEXT = st.binary(max_size=3000)


def recorded(
    segment: str = "stamps",
    query: Mapping[str, str | Sequence[str]] | None = None,
    *,
    response_recorded: bool = True,
    headers: Sequence[tuple[bytes, bytes]] = HEADERS,
    body: bytes = b'{"score":"1"}',
) -> Usage:
    """Return the row of a successful call."""
    request = Request(
        {
            "type": "http",
            "path": f"/v2/{segment}",
            "raw_path": quote(f"/v2/{segment}").encode(),
            "query_string": urlencode(query or {}, doseq=True).encode(),
            "headers": headers,
        }
    )
    answer = RecordedResponse(200, body, None)
    return usage_of(request, KEY, answer, response_recorded=response_recorded)


@given(ANYTHING, st.dictionaries(ANYTHING, ANYTHING | st.lists(ANYTHING, max_size=20), max_size=20))
def test_whatever_is_asked_can_be_stored(segment: str, query: dict[str, str | list[str]]) -> None:
    """It is JSON without NUL, and small enough for an index."""
    usage = recorded(segment, query)
    for text in (usage.path_segments_json, usage.query_params_json):
        values = json.dumps(json.loads(text), ensure_ascii=False)
        assert "\\u0000" not in values.replace("\\\\", "")
        assert len(text) <= INDEXED
    assert "\0" not in usage.path
    assert len(usage.path) <= 1000
    assert len(usage.base_path) <= 200


def test_short_values_are_kept() -> None:
    """All segments and parameters are recorded, including texts that only look like an escape."""
    query = {"created_at": "2025", "odd": "\\u0000", "many": ["b", "a", "b"], "none": ""}
    usage = recorded("stamps/0x12", query)
    assert json.loads(usage.path_segments_json) == ["v2", "stamps", "0x12"]
    assert json.loads(usage.query_params_json) == {
        "created_at": ["2025"],
        "odd": ["\\u0000"],
        "many": ["b", "a", "b"],
        "none": [""],
    }
    assert (usage.path, usage.base_path) == ("/v2/stamps/0x12", "v2")


def test_long_values_are_shortened() -> None:
    """One can still tell what it was."""
    query = json.loads(recorded(query={"short": "a", "long": "b" * 5000}).query_params_json)
    assert query == {"short": ["a"], "long": ["b" * 31 + "…"]}
    query = json.loads(recorded(query={"a": [str(i) for i in range(1000)]}).query_params_json)
    assert query == {"a": [str(i) for i in range(8)]}


def test_secrets_are_masked() -> None:
    """Of the headers that hold them the names are recorded alone."""
    assert json.loads(recorded().headers_json) == {
        "X-Api-Key": "***",
        "Cookie": "***",
        "Accept": "*/*",
    }


def test_answers_are_recorded_where_they_should_be() -> None:
    """The text of a score's answer is, that of a listing is skipped."""
    score, listing = recorded(), recorded(response_recorded=False)
    assert json.loads(score.response_json or "") == '{"score":"1"}'
    assert score.response_skipped is False
    assert (listing.response_json, listing.response_skipped) == (None, True)


def test_why_a_call_was_refused() -> None:
    """The sentence that the caller got, and no answer."""
    request = Request({"type": "http", "path": "/v2", "query_string": b"", "headers": []})
    error = PermissionDenied()
    answer = RecordedResponse(403, json.dumps({"detail": error.message}).encode(), error)
    usage = usage_of(request, KEY, answer, response_recorded=True)
    assert (usage.error, usage.status_code, usage.response_json) == (error.message, 403, None)


@given(st.lists(st.tuples(HEADER_TEXT, HEADER_TEXT), max_size=100))
def test_headers_are_bounded(headers: list[tuple[bytes, bytes]]) -> None:
    """Whatever a caller sends, the row stores up to a few kilobytes, as JSON without NUL."""
    text = recorded(headers=headers).headers_json
    assert len(text.encode()) <= LONGEST_HEADERS
    shown = json.loads(text)
    assert len(shown) <= MOST_HEADERS
    assert all(len(name) <= 64 and len(value) <= 256 for name, value in shown.items())
    assert "\0" not in "".join([*shown, *shown.values()])


def test_usual_headers_are_kept_and_long_ones_shortened() -> None:
    """A secret stays masked next to a long header, and the first headers are kept."""
    long = [(b"x-long", b"y" * 300), *HEADERS]
    shown = json.loads(recorded(headers=long).headers_json)
    assert shown == {
        "X-Long": "y" * 255 + "…",
        "X-Api-Key": "***",
        "Cookie": "***",
        "Accept": "*/*",
    }
    many = [*HEADERS, *((b"x-%d" % number, b"y" * 200) for number in range(100))]
    names = list(json.loads(recorded(headers=many).headers_json))
    assert names[:4] == ["X-Api-Key", "Cookie", "Accept", "X-0"]
    assert 10 < len(names) < 25


def test_a_long_answer_is_skipped() -> None:
    """The row says so."""
    longest = b'"' + b"x" * (LONGEST_RESPONSE - 2) + b'"'
    assert json.loads(recorded(body=longest).response_json or "") == longest.decode()
    skipped = recorded(body=longest + b" ")
    assert (skipped.response_json, skipped.response_skipped) == (None, True)
