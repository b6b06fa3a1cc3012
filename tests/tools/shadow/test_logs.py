"""Parsing of logs."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.cli.shadow_replay import LogFormat
from passport_scorer.tools.shadow.comparison.responses import ReceivedResponse
from passport_scorer.tools.shadow.exchanges import Request
from passport_scorer.tools.shadow.logs import access_log, jsonl_format, load_balancer_log
from passport_scorer.tools.shadow.logs.entry import LogEntry
from passport_scorer.tools.shadow.logs.errors import LineUnreadable, LogUnreadable
from passport_scorer.tools.shadow.logs.parser import FORMATS, LogReader

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
    ReceivedResponse,
    status=st.integers(100, 599),
    headers=st.none() | PAIRS,
    body=st.binary(min_size=1, max_size=12),
    seconds=st.none() | st.floats(0, 9),
)


@given(REQUESTS, st.none() | ANSWERS)
def test_written_entries_can_be_read(request_: Request, answer: ReceivedResponse | None) -> None:
    """JSON Lines preserve requests and responses completely."""
    entry = jsonl_format.read_line(jsonl_format.write_line(LogEntry(request_, answer)))
    assert (entry.request, entry.response) == (request_, answer)


def test_our_own_format() -> None:
    """A JSON body is sent as JSON with its original digits; the response can be JSON, too."""
    entry = jsonl_format.read_line(
        b'{"time": "2026-11-24T03:00:00Z", "method": "post", "path": "https://host/x?a=1#b",'
        b' "headers": {"A": "b"}, "body": {"n": 1.00}, "status": 200, "answer": [1.0]}'
    )
    request = entry.request
    assert (request.method, request.path, request.body) == ("POST", "/x?a=1", b'{"n": 1.00}')
    assert request.headers == (("A", "b"), ("Content-Type", "application/json"))
    assert request.time == 1795489200.0
    assert entry.response == ReceivedResponse(200, None, b"[1.0]")


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
def test_lines_that_are_not_requests(line: bytes) -> None:
    """A line that is not a request is rejected."""
    with pytest.raises(LineUnreadable):
        jsonl_format.read_line(line)


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
    """Common names of fields are supported."""
    entry = access_log.read_line(line)
    assert entry.request == Request("GET", "/x?a=1", time=1795489200.0)
    assert (entry.status, entry.has_body, entry.response) == (200, False, None)


def test_load_balancer_logs() -> None:
    """Fields are separated by spaces unless quoted; only the path of the URL is kept."""
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


SAMPLES = {
    "nginx": (
        "common-log",
        r'192.0.2.1 - ada [24/Nov/2026:03:00:00 +0000] "GET /x?a=\x22\xC3 HTTP/1.1" 200 1051 "-"'
        ' "curl/8.5.0"',
        "/x?a=%22%C3",
    ),
    "apache": (
        "common-log",
        r'::1 - - [24/Nov/2026:04:00:00 +0100] "GET /x?a=\" HTTP/1.0" 200 -',
        "/x?a=%22",
    ),
    "traefik": (
        "common-log",
        '192.0.2.1 - - [24/Nov/2026:03:00:00 +0000] "GET /x?a=1 HTTP/2.0" 200 1051 "-" "-" 7'
        ' "scorer@docker" "http://10.0.0.2:8000" 12ms',
        "/x?a=1",
    ),
    "api gateway, rest": (
        "common-log",
        '192.0.2.1 - - [24/Nov/2026:03:00:00 +0000] "GET /ceramic-cache/weights HTTP/1.1" 200 57'
        " c6af9ac6-7b61-11e6-9a41-93e8deadbeef Fa9xYHYgoAMFkLQ=",
        "/ceramic-cache/weights",
    ),
    "api gateway, http": (
        "common-log",
        '192.0.2.1 - - [24/Nov/2026:03:00:00 +0000] "GET GET /x HTTP/1.1" 200 57 Fa9xYHYgoAMFkLQ=',
        "/x",
    ),
    "api gateway, json": (
        "access-log",
        '{ "requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "ip": "192.0.2.1", "caller":"-",'
        ' "user":"-","requestTime":"24/Nov/2026:03:00:00 +0000", "httpMethod":"GET",'
        '"resourcePath":"/{proxy+}", "path":"/x", "status":"200","protocol":"HTTP/1.1",'
        ' "responseLength":"57" }',
        "/x",
    ),
    "api gateway, json of http": (
        "access-log",
        '{ "requestId":"Fa9xYHYgoAMFkLQ=", "ip": "192.0.2.1",'
        ' "requestTime":"24/Nov/2026:03:00:00 +0000", "httpMethod":"GET","routeKey":"GET /x",'
        ' "status":"200","protocol":"HTTP/1.1", "responseLength":"57" }',
        "/x",
    ),
    "traefik, json": (
        "access-log",
        '{"ClientAddr":"192.0.2.1:51242","DownstreamStatus":200,"Duration":12345,'
        '"OriginStatus":200,"RequestCount":7,"RequestHost":"h","RequestMethod":"GET",'
        '"RequestPath":"/x?a=1","RequestProtocol":"HTTP/1.1","StartUTC":"2026-11-24T03:00:00Z",'
        '"level":"info","msg":"","time":"2026-11-24T03:00:00Z"}',
        "/x?a=1",
    ),
    "envoy": (
        "envoy",
        '[2026-11-24T03:00:00.000Z] "GET /x?a=1 HTTP/1.1" 200 - 0 1051 12 11 "192.0.2.1"'
        ' "curl/8.5.0" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "h" "10.0.0.2:8000"',
        "/x?a=1",
    ),
    "envoy, json": (
        "access-log",
        '{"start_time":"2026-11-24T03:00:00.000Z","method":"GET","path":"/x?a=1",'
        '"protocol":"HTTP/1.1","response_code":200,"response_flags":"-"}',
        "/x?a=1",
    ),
    "envoy gateway": (
        "access-log",
        '{"start_time":"2026-11-24T03:00:00.000Z","method":"GET","x-envoy-origin-path":"/x?a=1",'
        '"protocol":"HTTP/1.1","response_code":"200"}',
        "/x?a=1",
    ),
    "load balancer": (
        "load-balancer",
        "https 2026-11-24T03:00:00.000000Z app/lb/1 192.0.2.1:1 10.0.0.1:80 0.1 0.2 0.0 200 200 3"
        ' 6 "GET https://h:443/x?a=1 HTTP/1.1" "-" - - arn "Root=1" "-" "-" 0',
        "/x?a=1",
    ),
    "exported by CloudWatch": (
        "access-log",
        '2026-11-24T03:00:01.123Z {"httpMethod":"GET","path":"/x","status":"200",'
        '"requestTimeEpoch":"1795489200000"}',
        "/x",
    ),
    "our own": (
        "request-log",
        '{"method": "GET", "route": "/v2/stamps/{scorer_id}/score/{address}", "status": 200,'
        ' "duration_ms": 1.5, "address": "0x00000000000000000000000000000000000000ff",'
        ' "community_id": 7, "outcome": "scored", "event": "request", "level": "info",'
        ' "timestamp": "2026-11-24T03:00:00.000000Z", "environment": "production"}',
        "/v2/stamps/7/score/0x00000000000000000000000000000000000000ff",
    ),
}


@pytest.mark.parametrize(("format_", "line", "path"), SAMPLES.values(), ids=SAMPLES)
def test_every_common_format_is_recognized(
    tmp_path: Path, format_: str, line: str, path: str
) -> None:
    """The format is detected from the first request; only the request is used."""
    file = tmp_path / "log"
    file.write_text(f"starting up\n\n{line}\nnonsense\n")
    for log in (LogReader(file), LogReader(file, format_)):
        before, found, after = log.lines()
        assert (before.entry, after.entry) == (None, None)
        assert before.problem
        assert "nonsense" not in after.problem
        assert found.entry == LogEntry(
            Request("GET", path, time=1795489200.0), None, 200, has_body=False
        )


def test_one_file_has_one_format(tmp_path: Path) -> None:
    """A line in a different format than the file's is not a request."""
    file = tmp_path / "log"
    for first, second in (("nginx", "envoy"), ("traefik, json", "traefik"), ("envoy", "our own")):
        file.write_text(f"{SAMPLES[first][1]}\n{SAMPLES[second][1]}\n")
        assert [line.entry is None for line in LogReader(file).lines()] == [False, True]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (SAMPLES["api gateway, json"][1].replace('"path":"/x", ', ""), "template"),
        (SAMPLES["api gateway, rest"][1].replace("weights", "{id}"), "template"),
        (SAMPLES["api gateway, json of http"][1].replace("GET /x", "$default"), "request line"),
        (SAMPLES["traefik"][1].replace("GET /x?a=1 HTTP/2.0", "-"), "request line"),
        (SAMPLES["our own"][1].replace('"community_id": 7,', ""), "path parameter"),
        (SAMPLES["our own"][1].replace("ff", "zz"), "path parameter"),
        (SAMPLES["our own"][1].replace('"request"', '"write_conflict"'), "not a request event"),
    ],
)
def test_what_a_log_does_not_tell_is_said(tmp_path: Path, line: str, problem: str) -> None:
    """A line without the full request is rejected, with a reason that does not quote it."""
    file = tmp_path / "log"
    good = next(each for each in SAMPLES.values() if each[1][:20] == line[:20])
    file.write_text(f"{good[1]}\n{line}\n")
    _, bad = LogReader(file).lines()
    assert bad.entry is None
    assert problem in bad.problem


def test_an_own_log_stays_one(tmp_path: Path) -> None:
    """A log with headers or bodies is JSON Lines, whatever other fields it has."""
    file = tmp_path / "log"
    file.write_text('{"method": "POST", "path": "/x", "headers": {}, "body": "b", "note": 1}\n')
    (line,) = LogReader(file).lines()
    assert line.entry is not None
    assert (line.entry.request.body, line.entry.has_body) == (b"b", True)


def test_an_unknown_format_is_told_how_to_convert(tmp_path: Path) -> None:
    """The error lists all formats and shows how to convert a log."""
    file = tmp_path / "log"
    file.write_text('{"verb": "GET", "where": "/x"}\n' * 3)
    with pytest.raises(LogUnreadable) as refused:
        LogReader(file)
    assert [name for name in FORMATS if name not in refused.value.message] == []
    assert "jq -c" in refused.value.message


def test_the_command_knows_every_format() -> None:
    """`--format` accepts exactly the supported formats."""
    assert set(get_args(LogFormat)) == FORMATS.keys()


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_line_is_a_request_or_unreadable(line: bytes) -> None:
    """Parsers raise nothing but LineUnreadable for any line."""
    for read in FORMATS.values():
        try:
            entry = read(line)
        except LineUnreadable:
            continue
        assert entry.request.path.startswith("/")


@pytest.mark.parametrize("compressed", [False, True])
def test_files(tmp_path: Path, *, compressed: bool) -> None:
    """Files are read line by line, from any line on; lines that are not requests are marked."""
    text = b'{"method": "GET", "path": "/1"}\n\nnonsense\n{"method": "GET", "path": "/2"}\n'
    file = tmp_path / "log"
    file.write_bytes(gzip.compress(text) if compressed else text)
    lines = list(LogReader(file).lines())
    assert [line.number for line in lines] == [1, 3, 4]
    assert [line.entry.request.path if line.entry else None for line in lines] == ["/1", None, "/2"]
    assert 0 < lines[-1].progress <= 1
    assert [line.number for line in LogReader(file).lines(after=3)] == [4]


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    """A log that is missing, truncated or of unknown format is rejected."""
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "broken").write_bytes(gzip.compress(b"x" * 1000)[:20])
    for name in ("none", "text", "broken"):
        with pytest.raises(LogUnreadable):
            LogReader(tmp_path / name)
