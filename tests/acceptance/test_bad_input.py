"""For any input, the service responds or closes, stores nothing, and stays healthy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from passport_scorer.tools.demo.world import API_KEYS, DEMO_API_KEY
from tests.support.hypothesis_profiles import examples

if TYPE_CHECKING:
    from tests.acceptance.conftest import Service

KEY = DEMO_API_KEY.key.encode()
WITH_KEY = (b"X-API-Key", KEY)
ADDRESS = b"0x" + b"ab" * 20
SCORE = b"/v2/stamps/1/score/" + ADDRESS
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
MEGABYTE = 1024 * 1024


@pytest.fixture(autouse=True)
async def nothing_happened(service: Service) -> AsyncIterator[None]:
    """Check after each test that the service is healthy, without errors or new scores."""
    before = await service.tables.registry()
    failed_before = len(service.events("request_failed"))  # tests of other files share the service
    yield
    assert await service.health() == 200
    assert await service.tables.registry() == before
    assert not service.events("request_failed")[failed_before:]


def is_refused(status: int) -> bool:
    """Return whether a status is a client error."""
    return 400 <= status < 500


@pytest.mark.parametrize(
    "scorer",
    [
        b"%00",
        b"1%00",
        b"\x00",
        b"9223372036854775807",
        b"9223372036854775808",
        b"99999999999999999999999999999999",
        b"9" * 5000,
        b"%ff%fe",
        b"\xff\xfe",
        b"%ED%A0%80",
        b"%F0%9F%98%80",
        b"%D9%A1",
        b"%",
        b"%zz",
        b"%2e%2e",
        b"..",
        b"1%2F2",
        b"'%20OR%201=1--",
        b"%0d%0aX: y",
        b"{}",
        b"null",
        b"NaN",
        b"1_0",
        b"%201",
        b"a" * 43,
    ],
)
async def test_odd_scorer_ids(service: Service, scorer: bytes) -> None:
    """A malformed scorer id matches no scorer."""
    answer = service.request(b"/v2/stamps/" + scorer + b"/score/" + ADDRESS, WITH_KEY)
    assert is_refused(answer.status), answer.raw


@pytest.mark.parametrize(
    "address",
    [
        b"%00",
        ADDRESS + b"%00",
        ADDRESS + b"\x00",
        b"0x" + b"%00" * 40,
        b"0x" + b"9" * 5000,
        b"%ff%fe",
        b"\xff\xfe",
        b"0x" + b"%EF%BC%91" * 40,
        ADDRESS + b"%0A",
        ADDRESS + b"%2F",
        ADDRESS + b"/",
        b"..",
        b"%",
        b"",
    ],
)
async def test_odd_addresses(service: Service, address: bytes) -> None:
    """A malformed address is rejected."""
    answer = service.request(b"/v2/stamps/1/score/" + address, WITH_KEY)
    assert is_refused(answer.status), answer.raw


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b".",
        b"..",
        b"%00.%00",
        b"demokey1\x00.x",
        b"\x00",
        b"\xff\xfe.\xff",
        "démo.clé".encode(),
        b"demokey1." + b"\xe9",
        b"demokey1." + b"x" * 20_000,
        b"x" * 20_000,
        b"x" * 20_000 + b".y",
        b"demokey1.\t",
        b"' OR '1'='1.x",
        KEY + b", " + KEY,
        KEY.upper(),
    ],
)
@pytest.mark.parametrize("header", [b"X-API-Key", b"Authorization"])
async def test_odd_keys(service: Service, header: bytes, key: bytes) -> None:
    """A malformed key is a wrong key, or makes the request invalid HTTP."""
    value = key if header == b"X-API-Key" else b"Bearer " + key
    answer = service.request(SCORE, (header, value))
    assert answer.status in (400, 401), answer.raw


async def test_two_keys_at_once(service: Service) -> None:
    """Two keys in one request are rejected: the caller is ambiguous."""
    other = (b"X-API-Key", API_KEYS[1].key.encode())
    for headers in (
        (WITH_KEY, other),
        (other, WITH_KEY),
        (WITH_KEY, WITH_KEY),
        ((b"Authorization", b"a " + KEY), (b"Authorization", b"b " + KEY)),
    ):
        assert service.request(SCORE, *headers).status == 401


async def test_long_paths(service: Service) -> None:
    """A path or query that is too long gets 414, with or without a key."""
    for headers in ((WITH_KEY,), ()):
        for target in (SCORE + b"0" * 9000, b"/health?" + b"x" * 60_000):
            assert service.request(target, *headers).status == 414
        for target in (b"/" + b"x" * MEGABYTE, b"/health?" + b"x" * MEGABYTE):
            assert service.request(target, *headers).status in (400, 414)


async def test_long_headers(service: Service) -> None:
    """Headers that are too long or too many get 431."""
    assert service.request(b"/health", (b"X-Long", b"x" * MEGABYTE)).status == 431
    assert service.request(b"/health", (b"X" * MEGABYTE, b"x")).status == 431
    many = [(b"X-%d" % number, b"x") for number in range(10_000)]
    assert service.request(b"/health", *many).status == 431
    assert service.request(SCORE, (b"Authorization", b"Bearer " + b"x" * MEGABYTE)).status == 431


async def test_many_small_headers(service: Service) -> None:
    """Up to 100 headers are accepted, no matter how short they are."""
    many = [(b"X-%d" % number, b"x") for number in range(98)]  # Host and Connection come first
    assert service.request(b"/health", *many).status == 200
    assert service.request(b"/health", *many, (b"X-98", b"x")).status == 431


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        b"GET /health HTTP/1.1\r\nX: ",
        b"GET /health HTTP/1.1\r\n",
        b"POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
    ],
    ids=["path", "header", "headers", "trailers", "trailer"],
)
async def test_a_request_without_end(service: Service, start: bytes) -> None:
    """An endless head or trailer is cut off before it fills the memory."""
    piece = b"X: y\r\n" * 20_000 if start.endswith(b"\r\n") else b"x" * 120_000
    with service.socket() as connection, pytest.raises(ConnectionError):  # noqa: PT012
        connection.sendall(start)
        for _ in range(200):
            connection.sendall(piece)
        # All of it was sent; a service that closes the connection has not read the last part.
        while connection.recv(65536):
            pass
        raise ConnectionResetError


async def test_queries_are_ignored(service: Service) -> None:
    """An unknown or repeated query parameter does no harm."""
    for query in (b"?a=1&a=2", b"?%00=%00", b"?\xff", b"?%ff=%fe", b"?&&&==", b"??", b"?a[]=1"):
        answer = service.request(b"/health" + query)
        assert answer.status in (200, 400), answer.raw
        answer = service.request(b"/v2/stamps/999/score/" + ADDRESS + query, WITH_KEY)
        assert is_refused(answer.status), answer.raw


@pytest.mark.parametrize(
    "method",
    [
        *(b"POST", b"PUT", b"PATCH", b"DELETE", b"TRACE", b"PROPFIND", b"CONNECT", b"BREW"),
        *(b"get", b"G\x00T", b"\xff", b"X" * 10_000),
    ],
)
async def test_odd_methods(service: Service, method: bytes) -> None:
    """Methods other than GET, HEAD and OPTIONS are rejected."""
    answer = service.request(SCORE, WITH_KEY, method=method)
    assert is_refused(answer.status), answer.raw


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n\r\n\x00\x00\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /health HTTP/9.9\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\n: no name\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX\xff: y\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0",
        b"POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
        b"GET \xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET //// HTTP/1.1\r\nHost: x\r\n" + b"Connection: close\r\n\r\n",
        b"GET health HTTP/1.1\r\nHost: x\r\n" + b"Connection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
)
async def test_broken_http(service: Service, sent: bytes) -> None:
    """Input that is not HTTP is rejected immediately."""
    answer = service.exchange(sent)
    assert is_refused(answer.status), answer.raw


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\n", b"-1\r\nx\r\n", b"5\r\nx\r\n0\r\n\r\n\r\n\r\n", b"f" * 40 + b"\r\n", b"\x00"],
)
async def test_broken_chunks(service: Service, chunks: bytes) -> None:
    """A broken body closes the connection, possibly after the response."""
    head = b"POST /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = service.exchange(head + chunks)
    assert all(map(is_refused, answer.statuses)), answer.raw
    assert answer.statuses


async def test_an_unexpected_body(service: Service) -> None:
    """The body of a GET is read and ignored; one announced as too long is rejected."""
    body = b"x" * MEGABYTE
    head = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "
    assert service.exchange(head + b"%d\r\n\r\n" % len(body), body).status == 200
    assert service.exchange(head + b"99999999999\r\n\r\n", body).status == 413


async def test_connections_that_break_off(service: Service) -> None:
    """A client that disconnects at any point does no harm."""
    request = b"GET %s HTTP/1.1\r\nHost: localhost\r\nX-API-Key: nobody.knows\r\n\r\n" % SCORE
    for length in range(0, len(request) + 1, 7):
        with service.socket() as connection:
            connection.sendall(request[:length])


async def test_lenience(service: Service) -> None:
    """Sloppy HTTP is answered or rejected, and the connection is closed."""
    for sent in (
        b"GET /health\r\n\r\n",
        b"GET  /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ):
        answer = service.exchange(sent)
        assert answer.status in (200, 400), answer.raw


async def test_old_http(service: Service) -> None:
    """HTTP/1.0 gets its response, and the connection is closed."""
    answer = service.exchange(b"GET /health HTTP/1.0\r\n\r\n")
    assert (answer.status, answer.body) == (200, b'{"status":"ok"}')


async def test_pipelining(service: Service) -> None:
    """Pipelined requests are answered in order."""
    refused = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % SCORE
    unknown = b"GET /unknown HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = service.exchange((HEALTH + refused + unknown) * 50 + LAST)
    assert answer.statuses == [200, 401, 404] * 50 + [200]


async def test_garbage_after_a_request(service: Service) -> None:
    """A broken request after a valid one does not affect the first response."""
    answer = service.exchange(HEALTH, b"garbage\r\n\r\n")
    assert answer.statuses in ([200, 400], [400])
    assert service.exchange(LAST + b"garbage").statuses == [200]


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"nonsense"])
async def test_other_protocols(service: Service, protocol: bytes) -> None:
    """`Upgrade` is ignored: the request and the next one are answered."""
    wish = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n"
    with service.socket() as connection:
        for sent in (wish % protocol, LAST):
            connection.sendall(sent)
            received = b""
            while not received.endswith(b'{"status":"ok"}'):
                data = connection.recv(65536)
                assert data, received
                received += data
            assert received.startswith(b"HTTP/1.1 200 ")


async def test_a_caller_that_waits_for_100_continue(service: Service) -> None:
    """A client that sends `Expect: 100-continue` gets a response."""
    head = b"POST /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    answer = service.exchange(head + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert is_refused(answer.status), answer.raw


async def test_every_line_of_the_log_is_json(service: Service) -> None:
    """Log lines about broken HTTP are also one JSON object per line."""
    service.exchange(b"garbage\r\n\r\n")
    assert all(line.startswith("{") for line in service.lines()), service.lines()[-3:]


TARGETS = st.binary(max_size=60).map(lambda data: bytes(b for b in data if b not in b"\r\n \x00"))
PERCENT = st.binary(max_size=30).map(lambda data: b"".join(b"%%%02x" % byte for byte in data))
PARTS = st.one_of(TARGETS, PERCENT, st.sampled_from([b"1", b"v2", b"score", b"stamps", ADDRESS]))
PATHS = st.one_of(
    st.lists(PARTS, max_size=6).map(lambda parts: b"/" + b"/".join(parts)),
    st.builds(lambda part: b"/v2/stamps/" + part + b"/score/" + ADDRESS, PARTS),
    st.builds(lambda part: b"/v2/stamps/1/score/" + part, PARTS),
    st.builds(lambda part: b"/v2/stamps/999/score/" + ADDRESS + b"?" + part, PARTS),
)
NAMES = st.one_of(
    st.sampled_from([b"X-API-Key", b"Authorization", b"Cookie", b"Origin", b"Accept", b"Range"]),
    st.from_regex(rb"\A[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}\Z"),
)
VALUES = st.one_of(
    st.binary(max_size=60).map(lambda data: bytes(byte for byte in data if byte not in b"\r\n")),
    st.sampled_from([KEY, b"Bearer " + KEY, b"demo", b"*", b"0", b"-1"]),
)


@settings(
    max_examples=examples(150),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(target=PATHS, headers=st.lists(st.tuples(NAMES, VALUES), max_size=5))
@example(target=b"/v2/stamps/%5Cu0000/score/%00", headers=[WITH_KEY])
def test_anything(service: Service, target: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """For any path and headers, the client gets a response, and the service stays healthy."""
    answer = service.request(target, *[h for h in headers if h[0].lower() not in FRAMING])
    assert answer.status == 200 or is_refused(answer.status), answer.raw


FRAMING = {b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect", b"host"}


async def test_many_at_once(service: Service) -> None:
    """Many concurrent bad requests are each rejected."""
    targets = [b"/v2/stamps/%d/score/%%00" % number for number in range(200)]
    answers = await asyncio.gather(
        *(asyncio.to_thread(service.request, target, WITH_KEY) for target in targets)
    )
    assert {answer.status for answer in answers} == {400}
