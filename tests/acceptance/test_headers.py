"""The headers of requests and responses, over real sockets."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, Any

import pytest

from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE

from .test_contract import INTERNAL_TOKEN, SECRET, access_token

if TYPE_CHECKING:
    import httpx

    from tests.acceptance.conftest import Answer, Service, StartService

ADA = PEOPLE[0].address
KEY = DEMO_API_KEY.key.encode()
LISTING = f"/v2/stamps/{ADA}"
SCORE = f"/v2/stamps/1/score/{ADA}"
ORIGIN = {"Origin": "https://app.example"}
EXPOSED = {"ratelimit", "ratelimit-policy", "retry-after", "x-request-id", "traceparent"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HOST = b"Host: localhost\r\n"
END = b"Connection: close\r\n\r\n"


def headers_of(answer: Answer) -> dict[str, str]:
    """Return the headers of a raw response."""
    head = answer.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head}


def check(headers: dict[str, str], status: int) -> None:
    """Every response has request and trace ids, is not cached, and exposes them to pages."""
    assert re.fullmatch(r"[A-Za-z0-9._~+/=:@-]{1,128}", headers["x-request-id"]), headers
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", headers["traceparent"]), headers
    assert headers["cache-control"] == "no-store", status
    exposed = {name.strip().lower() for name in headers["access-control-expose-headers"].split(",")}
    assert exposed >= EXPOSED
    assert headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("blank", [b"%s ", b" %s", b"\t%s\t", b"%s \t ", b"  %s"])
async def test_blanks_around_values(service: Service, blank: bytes) -> None:
    """They are not part of a value, in any header that is read."""
    target = SCORE.encode()
    for name, value in (
        (b"X-API-Key", KEY),
        (b"Authorization", b"Bearer " + KEY),
        (b"authorization", b"ApiKey \t " + KEY),
    ):
        assert service.request(target, (name, blank % value)).status == 200
    answer = service.request(b"/health", (b"X-Request-ID", blank % b"mine"))
    assert headers_of(answer)["x-request-id"] == "mine"
    answer = service.request(b"/openapi.json", (b"Accept-Encoding", blank % b"gzip"))
    assert headers_of(answer)["content-encoding"] == "gzip"
    head = b"GET /health HTTP/1.1\r\nHost:" + blank % b"localhost" + b"\r\n"
    assert service.exchange(head + END).status == 200


async def test_blanks_around_tokens(start_service: StartService, demo_database_url: str) -> None:
    """For owners and internal callers, any number of spaces follows the scheme, in any case."""
    service = await start_service(
        demo_database_url,
        INTERNAL_ON_PUBLIC_LISTENER="on",
        CERAMIC_CACHE_SCORER_ID="1",
        CGRANTS_API_TOKEN=INTERNAL_TOKEN,
        JWT_SECRET=SECRET,
    )
    own, token = f"/ceramic-cache/score/{ADA}".encode(), access_token()
    for value in (
        *(f"Bearer {token}", f"Bearer  {token}", f"bearer   {token} ", f"BEARER \t{token}\t"),
        f" Bearer\t{token}",
    ):
        assert service.request(own, (b"Authorization", value.encode())).status == 200, value
    for value in (token, f"Basic {token}", "Bearer", "Bearer ", f"Bearer\xa0{token}"):
        answer = service.request(own, (b"Authorization", value.encode("latin-1")))
        assert answer.status == 401, value
    inside = f"/internal/stake/gtc/{ADA}".encode()
    for value in (INTERNAL_TOKEN, f" {INTERNAL_TOKEN}", f"{INTERNAL_TOKEN}\t "):
        assert service.request(inside, (b"Authorization", value.encode())).status == 200, value
    for value in (f"Bearer {INTERNAL_TOKEN}", INTERNAL_TOKEN.upper(), f"{INTERNAL_TOKEN} x", ""):
        assert service.request(inside, (b"Authorization", value.encode())).status == 401, value


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /health HTTP/1.1\r\n", 400),
        (b"GET /health HTTP/1.0\r\n", 200),
        (b"GET /health HTTP/1.1\r\n" + HOST, 200),
        (b"GET /health HTTP/1.1\r\nhOsT: localhost:8000\r\n", 200),
        (b"GET /health HTTP/1.1\r\nHost:\r\n", 200),
        (b"GET http://elsewhere/health HTTP/1.1\r\n" + HOST, 200),
        (b"GET http://elsewhere/health HTTP/1.1\r\n", 400),
        (b"GET /health HTTP/1.1\r\n" + HOST + HOST, 400),
        (b"GET /health HTTP/1.0\r\n" + HOST + HOST, 400),
        (b"GET /health HTTP/1.1\r\n" + HOST + b"Accept: */*\r\nhost: other\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a b\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a@b\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: \xc3\xa9\r\n", 400),
        (b"POST /account/nonce HTTP/1.1\r\nContent-Length: 0\r\n", 400),
    ],
)
async def test_hosts(service: Service, head: bytes, status: int) -> None:
    """HTTP/1.1 requires exactly one valid host; any other number is rejected."""
    answer = service.exchange(head + END)
    assert answer.status == status, answer.raw
    if status == 400:
        check(headers_of(answer), status)
        assert b"Host" in answer.body


async def test_trailers_are_not_headers(service: Service) -> None:
    """Bytes after a body neither authenticate a caller nor name another host."""
    target = b"GET %s HTTP/1.1\r\n" % SCORE.encode()
    head = target + HOST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    trailers = b"0\r\nX-API-Key: %s\r\nHost: other\r\n\r\n" % KEY
    assert service.exchange(head, trailers).status == 401


async def test_every_answer_names_its_request(service: Service) -> None:
    """All responses have distinct ids, including errors of the server."""
    seen = set()
    for target, method, headers in (
        (SCORE, b"GET", ((b"X-API-Key", KEY),)),
        *((path, b"GET", ()) for path in ("/health", "/account/nonce", "/no/such/path", SCORE)),
        *(("/health", method, ()) for method in (b"HEAD", b"POST", b"OPTIONS")),
        (f"/health?{'x' * 9000}", b"GET", ()),
        ("/health/%ff", b"GET", ()),
    ):
        asked = (*headers, (b"Origin", b"https://app.example"))
        answer = service.request(target.encode(), *asked, method=method)
        check(headers_of(answer), answer.status)
        seen.add(headers_of(answer)["x-request-id"])
    for sent, status in (
        (b"garbage\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", 431),
    ):
        answer = service.exchange(sent)
        assert answer.status == status
        check(headers_of(answer), status)
        seen.add(headers_of(answer)["x-request-id"])
    assert len(seen) == 12


async def test_the_callers_ids_are_taken_over(service: Service) -> None:
    """The caller's ids are in the response and in the log."""
    sent = {"X-Request-ID": "support-case.17", "traceparent": f"00-{TRACE}-{TRACE[:16]}-00"}
    answer = await service.score("ada", headers=sent)
    assert answer.headers["X-Request-ID"] == "support-case.17"
    assert answer.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert answer.headers["traceparent"] != sent["traceparent"]
    await service.log_is_complete()
    (line,) = [e for e in service.events("request") if e["request_id"] == "support-case.17"]
    assert (line["trace_id"], line["status"]) == (TRACE, 200)
    refused = service.exchange(
        b"GET /health HTTP/1.1\r\nX-Request-ID: early.18\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"
    )
    assert headers_of(refused)["x-request-id"] == "early.18"


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 129, 'a"b', "a,b", "<a>", "é", "${a}"])
async def test_odd_request_ids_are_replaced(service: Service, request_id: str) -> None:
    """Unsafe request IDs appear neither in the response nor in the log."""
    answer = service.request(b"/health", (b"X-Request-ID", request_id.encode()))
    assert answer.status == 200
    assert re.fullmatch("[0-9a-f]{32}", headers_of(answer)["x-request-id"])


async def test_what_may_be_presented(service: Service) -> None:
    """A 401 names the scheme of its endpoint."""
    for method, path, challenge in (
        ("GET", SCORE, "ApiKey realm="),
        ("GET", LISTING, "ApiKey realm="),
        ("GET", f"/ceramic-cache/score/{ADA}", "Bearer realm="),
        ("POST", "/ceramic-cache/stamps/bulk", "Bearer realm="),
    ):
        answer = await service.client.request(method, path, headers=ORIGIN)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith(challenge)


async def unpacked(service: Service, path: str, **headers: str) -> httpx.Response:
    """A response with its raw body."""
    sent = {"Accept-Encoding": "identity"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    async with service.client.stream("GET", path, headers=sent) as answer:
        body = b"".join([part async for part in answer.aiter_raw()])
    answer.extensions["body"] = body
    return answer


@pytest.mark.parametrize("path", ["/openapi.json", "/docs/swagger-ui-bundle.js"])
async def test_documents_are_compressed_and_kept(service: Service, path: str) -> None:
    """Documents are compressed, and clients with a current copy get 304, in both forms."""
    whole = await unpacked(service, path)
    packed = await unpacked(service, path, Accept_Encoding="br;q=1, gzip;q=0.5")
    refused = await unpacked(service, path, Accept_Encoding="gzip;q=0, *;q=0.1")
    assert gzip.decompress(packed.extensions["body"]) == whole.extensions["body"]
    assert refused.extensions["body"] == whole.extensions["body"]
    assert len(packed.extensions["body"]) < len(whole.extensions["body"]) / 3
    assert {"Accept-Encoding", "Origin"} == set(packed.headers["Vary"].split(", "))
    assert packed.headers["ETag"] == whole.headers["ETag"]
    for accepted in ("identity", "gzip"):
        known = whole.headers["ETag"]
        again = await unpacked(service, path, If_None_Match=known, Accept_Encoding=accepted)
        assert (again.status_code, again.extensions["body"]) == (304, b"")
        assert again.headers["ETag"] == known
        assert "content-length" not in again.headers
        assert "no-store" not in again.headers["Cache-Control"]
    head = await service.client.head(path, headers={"Accept-Encoding": "gzip"})
    assert head.headers["Content-Length"] == packed.headers["Content-Length"]
    assert head.headers["ETag"] == packed.headers["ETag"]


async def test_a_long_list_is_compressed_and_not_kept(service: Service) -> None:
    """It is about a person: no cache may store it, so there is no ETag."""
    headers = {"X_API_Key": DEMO_API_KEY.key}
    whole = await unpacked(service, LISTING, **headers)
    packed = await unpacked(service, LISTING, Accept_Encoding="gzip", **headers)
    assert gzip.decompress(packed.extensions["body"]) == whole.extensions["body"]
    for answer in (whole, packed):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers


async def test_secrets_are_never_compressed(service: Service) -> None:
    """Responses with secrets are never compressed; scores are too short to be."""
    headers = {"Accept_Encoding": "gzip", "X_API_Key": DEMO_API_KEY.key}
    for path in ("/account/nonce", SCORE):
        answer = await unpacked(service, path, **headers)
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/health", {"GET", "HEAD", "OPTIONS"}),
        ("/ceramic-cache/stamps/bulk", {"POST", "PATCH", "DELETE", "OPTIONS"}),
        (f"/ceramic-cache/score/{ADA}", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/openapi.json", {"GET", "HEAD", "OPTIONS"}),
    ],
)
async def test_methods(service: Service, path: str, allowed: set[str]) -> None:
    """OPTIONS and 405 responses list all methods of the path."""
    for method, status in (("OPTIONS", 204), ("PUT", 405)):
        answer = await service.client.request(method, path)
        assert answer.status_code == status
        assert set(answer.headers["Allow"].split(", ")) == allowed
    assert (await service.client.options("/no/such/path")).status_code == 404


async def test_targets_that_are_not_text(service: Service) -> None:
    """Percent-encoded bytes that are not UTF-8 match nothing; unread parameters do no harm."""
    for path, status in (
        *((f"/v2/stamps/{bad}/score/{ADA}", 404) for bad in ("%ff", "%c3%28", "%ed%a0%80", "a%c3")),
        (f"/v2/stamps/1/score/{ADA}%ff", 400),
        (f"{LISTING}?token=%ff", 400),
        (f"{LISTING}?limit=%ff", 422),
        (f"{LISTING}?include_metadata=%ff", 422),
        (f"{LISTING}?nobody_reads=%ff%00", 200),
    ):
        answer: Any = service.request(path.encode(), (b"X-API-Key", KEY))
        assert (answer.status, path) == (status, path)
