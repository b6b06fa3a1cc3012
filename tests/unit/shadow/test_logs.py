"""Reading logs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.shadow.comparison.answers import Answer
from passport_scorer.shadow.exchanges import Request
from passport_scorer.shadow.logs import access_log, load_balancer_log, own_format
from passport_scorer.shadow.logs.entry import Entry
from passport_scorer.shadow.logs.errors import LineUnreadable, LogUnreadable
from passport_scorer.shadow.logs.reading import Log

NAMES = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=8)
PAIRS = st.lists(st.tuples(NAMES, st.text(max_size=8)), max_size=3).map(tuple)
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST"]),
    path=NAMES.map(lambda name: "/" + name),
    headers=PAIRS,
    body=st.binary(max_size=12),
    time=st.none() | st.integers(0, 2 * 10**9).map(float),
)
ANSWERS = st.builds(
    Answer,
    status=st.integers(100, 599),
    headers=st.none() | PAIRS,
    body=st.binary(min_size=1, max_size=12),
    seconds=st.none() | st.floats(0, 9),
)


@given(REQUESTS, st.none() | ANSWERS)
def test_what_is_written_can_be_read(request_: Request, answer: Answer | None) -> None:
    """Nothing of a request or an answer is lost in our own format."""
    entry = own_format.read_line(own_format.write_line(Entry(request_, answer)))
    assert (entry.request, entry.answer) == (request_, answer)


def test_our_own_format() -> None:
    """JSON as a body is sent as JSON, with its digits; the answer may be JSON as well."""
    entry = own_format.read_line(
        b'{"time": "2026-11-24T03:00:00Z", "method": "post", "path": "https://host/x?a=1#b",'
        b' "headers": {"A": "b"}, "body": {"n": 1.00}, "status": 200, "answer": [1.0]}'
    )
    request = entry.request
    assert (request.method, request.path, request.body) == ("POST", "/x?a=1", b'{"n": 1.00}')
    assert request.headers == (("A", "b"), ("Content-Type", "application/json"))
    assert request.time == 1795489200.0
    assert entry.answer == Answer(200, None, b"[1.0]")


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"nonsense",
        b'{"method": "GET"}',
        b'{"method": "G T", "path": "/"}',
        b'{"method": "GET", "path": "x"}',
        b'{"method": "GET", "path": "/a b"}',
        b'{"method": "GET", "path": "/\\r\\nX: y"}',
        b'{"method": "GET", "path": "/", "headers": {"a": 1}}',
        b'{"method": "GET", "path": "/", "headers": "a"}',
        b'{"method": "GET", "path": "/", "body_base64": "*"}',
        b'{"method": "GET", "path": "/", "status": 20}',
    ],
)
def test_lines_that_are_no_requests(line: bytes) -> None:
    """What isn't a request isn't guessed at."""
    with pytest.raises(LineUnreadable):
        own_format.read_line(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"method": "GET", "path": "/x", "query": "a=1", "status": 200, "ts": 1795489200.0}',
        b'{"request": "GET /x?a=1 HTTP/1.1", "status": "200", "@timestamp": "2026-11-24T03:00Z"}',
        b'{"http": {"request": {"method": "GET"}, "response": {"status_code": 200}},'
        b' "url": {"original": "https://h/x?a=1"}, "time": 1795489200000}',
        b'{"request_method": "GET", "request_uri": "/x?a=1", "status": 200, "msec": "1795489200"}',
    ],
)
def test_access_logs_of_others(line: bytes) -> None:
    """The usual names of the usual fields are understood."""
    entry = access_log.read_line(line)
    assert entry.request == Request("GET", "/x?a=1", time=1795489200.0)
    assert (entry.status, entry.has_body, entry.answer) == (200, False, None)


def test_load_balancer_logs() -> None:
    """Fields are told apart by blanks, quoted ones by quotes; only the path is kept of the URL."""
    line = (
        b"h2 2026-11-24T03:00:00.000000Z app/lb/1 192.0.2.1:1 10.0.0.1:80 0.1 0.2 0.0 404 404 3 6"
        b' "GET https://h:443/x?a=%20 HTTP/2.0" "an \\"agent\\"" - - arn "Root=1" "-" "-" 0\n'
    )
    entry = load_balancer_log.read_line(line)
    assert entry.request == Request("GET", "/x?a=%20", time=1795489200.0)
    assert (entry.status, entry.has_body) == (404, False)
    for wrong in (b"h2 short", line.replace(b"GET ", b""), b'h2 "' + line):
        with pytest.raises(LineUnreadable):
            load_balancer_log.read_line(wrong)


@pytest.mark.parametrize("compressed", [False, True])
def test_files(tmp_path: Path, *, compressed: bool) -> None:
    """Files are read line by line, from any line on; what isn't a request is handed on as such."""
    text = b'{"method": "GET", "path": "/1"}\n\nnonsense\n{"method": "GET", "path": "/2"}\n'
    file = tmp_path / "log"
    file.write_bytes(gzip.compress(text) if compressed else text)
    lines = list(Log(file).lines())
    assert [line.number for line in lines] == [1, 3, 4]
    assert [line.entry.request.path if line.entry else None for line in lines] == ["/1", None, "/2"]
    assert 0 < lines[-1].progress <= 1
    assert [line.number for line in Log(file).lines(after=3)] == [4]


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    """A log that isn't there, isn't whole or of no known format is refused."""
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "broken").write_bytes(gzip.compress(b"x" * 1000)[:20])
    for name in ("none", "text", "broken"):
        with pytest.raises(LogUnreadable):
            Log(tmp_path / name)
