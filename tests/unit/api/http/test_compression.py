"""Which form of an answer suits a caller."""

from __future__ import annotations

import gzip
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp

from passport_scorer.api.http.compression import Representation, accepts_gzip, etag_of, matches

DOCUMENT = b'{"a": "' + b"stamp " * 20_000 + b'"}'
TAG = etag_of(DOCUMENT)


async def asked(
    response: Response, cache_control: str | None = None, method: str = "GET", **headers: str
) -> httpx.Response:
    """Return the response as sent, without decompression."""
    application: ASGIApp = Representation(response, cache_control)
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        sent = {"Accept-Encoding": "identity"} | {n.replace("_", "-"): headers[n] for n in headers}
        async with client.stream(method, "/", headers=sent) as answer:
            answer.raw = b"".join([part async for part in answer.aiter_raw()])  # type: ignore[attr-defined]
    return answer


def raw(answer: Any) -> bytes:
    """The bytes that came."""
    body: bytes = answer.raw
    return body


def large(**headers: str) -> Response:
    """A large answer in JSON."""
    return Response(DOCUMENT, media_type="application/json", headers=headers)


@pytest.mark.parametrize(
    "accepted",
    [
        *("gzip", "GZIP", "x-gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8, *;q=0.1", "*"),
        *("gzip;q=0.001", "gzip ; q=1.000", "identity;q=0.5, gzip", "gzip;q=1,gzip;q=x", ",gzip,"),
    ],
)
def test_who_accepts_gzip(accepted: str) -> None:
    """It is named, or `*` is, and nothing else suits the caller better."""
    assert accepts_gzip([accepted])
    assert accepts_gzip(["deflate", accepted])


@pytest.mark.parametrize(
    "accepted",
    [
        *("", "identity", "br, deflate", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "gzipped"),
        *("gzip;q=0.5, identity", "gzip;q=2", "gzip;q=-1", "gzip;q=", "gzip;level=1", "g zip"),
    ],
)
def test_who_does_not(accepted: str) -> None:
    """It is refused, not named, malformed, or no compression suits the caller better."""
    assert not accepts_gzip([accepted])


@given(st.text())
def test_any_text_may_stand_in_the_headers(text: str) -> None:
    """Whatever is sent is understood or left out, and never an error."""
    assert accepts_gzip([text]) in (True, False)
    assert matches([text], TAG) is (text.strip() == "*")


@pytest.mark.parametrize("cache_control", [None, "public, max-age=60"])
async def test_a_large_answer_is_compressed(cache_control: str | None) -> None:
    """For who accepts it; it is the same for who doesn't, and caches know that it varies."""
    compressed = await asked(large(), cache_control, Accept_Encoding="gzip")
    whole = await asked(large(), cache_control)
    assert gzip.decompress(raw(compressed)) == raw(whole) == DOCUMENT
    assert compressed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in whole.headers
    assert int(compressed.headers["content-length"]) == len(raw(compressed)) < len(DOCUMENT) // 10
    assert compressed.headers["vary"] == whole.headers["vary"] == "Accept-Encoding"
    assert compressed.headers.get("etag") == whole.headers.get("etag")
    assert ("etag" in whole.headers) is (cache_control is not None)


@pytest.mark.parametrize(
    "response",
    [
        Response(b"x" * 1000, media_type="application/json"),
        Response(DOCUMENT, media_type="image/png"),
        Response(DOCUMENT, status_code=500, media_type="application/json"),
    ],
    ids=["small", "compressed by itself", "error"],
)
async def test_responses_sent_uncompressed(response: Response) -> None:
    """Responses that compression would not shorten, and errors, are sent as they are."""
    answer = await asked(response, Accept_Encoding="gzip")
    assert "content-encoding" not in answer.headers
    assert raw(answer) == response.body


async def test_an_answer_in_parts() -> None:
    """Parts are put together."""

    async def parts() -> Any:
        for place in range(0, len(DOCUMENT), 1000):
            yield DOCUMENT[place : place + 1000]

    response = StreamingResponse(parts(), media_type="application/json")
    answer = await asked(response, Accept_Encoding="gzip")
    assert gzip.decompress(raw(answer)) == DOCUMENT


@pytest.mark.parametrize("accepted", ["identity", "gzip"])
@pytest.mark.parametrize(
    "known", [TAG, TAG.removeprefix("W/"), f'"other", {TAG}', f'W/"a,b" ,{TAG},', "*", " * "]
)
async def test_who_has_it_is_told_so(known: str, accepted: str) -> None:
    """In whatever form it was sent: 304, with what caches need and nothing else."""
    answer = await asked(large(), "no-cache", If_None_Match=known, Accept_Encoding=accepted)
    assert (answer.status_code, raw(answer)) == (304, b"")
    assert dict(answer.headers) == {
        "cache-control": "no-cache",
        "vary": "Accept-Encoding",
        "etag": TAG,
    }


@pytest.mark.parametrize(
    "known", ['"other"', 'W/"other"', TAG[:-2] + '"', TAG.strip('W/"'), "", "x"]
)
async def test_who_has_another_gets_it(known: str) -> None:
    """Any other tag, or an invalid one, does not match."""
    answer = await asked(large(), "no-cache", If_None_Match=known)
    assert (answer.status_code, raw(answer)) == (200, DOCUMENT)


@pytest.mark.parametrize(
    ("response", "cache_control", "method"),
    [
        (large(), None, "GET"),
        (large(**{"Cache-Control": "no-store"}), "no-cache", "GET"),
        (large(), "no-cache", "POST"),
        (Response(DOCUMENT, 404), "no-cache", "GET"),
    ],
)
async def test_what_may_not_be_kept_has_no_tag(
    response: Response, cache_control: str | None, method: str
) -> None:
    """Such answers are sent whole, whatever the caller has."""
    answer = await asked(response, cache_control, method, If_None_Match="*")
    assert answer.status_code == response.status_code
    assert raw(answer) == DOCUMENT
    assert "etag" not in answer.headers


async def test_an_answer_says_itself_how_long_it_may_be_kept() -> None:
    """A response's own Cache-Control wins over the default."""
    answer = await asked(large(**{"Cache-Control": "max-age=5"}), "no-cache")
    assert answer.headers["cache-control"] == "max-age=5"
    assert answer.headers["etag"] == TAG
