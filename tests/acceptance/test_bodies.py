"""Every endpoint with a body accepts JSON in UTF-8 and nothing else."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest

from passport_scorer.api.applications import internal_document, public_document
from passport_scorer.tools.demo.world import PEOPLE

from .test_contract import INTERNAL_TOKEN, SECRET, access_token

if TYPE_CHECKING:
    from tests.acceptance.conftest import Service, StartService

# The value of a member that no endpoint reads.
BAD_VALUES = {
    "no UTF-8": b'"\xff"',
    "latin-1": b'"\xe9t\xe9"',
    "in a name": b'{"\xff":1}',
    "deep inside": b'{"a":[{"b":["\xc3("]}]}',
    "overlong": b'"\xc0\xaf"',
    "surrogate": b'"\xed\xa0\x80"',
    "beyond Unicode": b'"\xf4\x90\x80\x80"',
    "cut off": b'"\xf0\x9f\x98"',
    "far behind": b'"' + b"x" * 50_000 + b'\xe2\x82"',
    "high surrogate escaped": rb'"\ud800"',
    "low surrogate escaped": rb'"\udc00"',
    "surrogates in the wrong order": rb'"\ude00\ud83d"',
    "surrogate in a name": rb'{"\ud800":1}',
    "bad escape": rb'"\q"',
    "bad number of an escape": rb'"\u12g4"',
    "control character": b'"a\x01b"',
    "line break": b'"a\nb"',
    "NUL": b'"a\0b"',
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
    "leading zero": b"01",
    "no fraction": b"1.",
    "comma at the end": b"[1,]",
    "comment": b"1/*x*/",
    "single quotes": b"'x'",
    "never closed": b'{"a":[',
    "nested too deeply": b"[" * 2000 + b"]" * 2000,
}
ODD_VALUES = {
    "text beyond ASCII": '"\u00e9\u4e2d\U0001f600"'.encode(),
    "escaped pair": rb'"\ud83d\ude00 \u0000"',
    "long number": b"9" * 5000,
    "large number": b"1e999",
    "a name twice": b'{"a":1,"a":2}',
}


def operations() -> Iterator[tuple[str, str, str, Any]]:
    """Return listener, method, path and example body of each operation with a body."""
    for listener, document in (("public", public_document()), ("internal", internal_document())):
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if "requestBody" in operation:
                    example = operation["requestBody"]["content"]["application/json"]["example"]
                    plain = msgspec.json.decode(msgspec.json.encode(example))
                    yield listener, method.upper(), path, plain


def with_unread(example: Any, value: bytes) -> Iterator[bytes]:
    """Return the example with one more member, which is not read, in each of its first objects."""
    first = example[0] if isinstance(example, list) else example
    places = [first, *(each for each in first.values() if isinstance(each, dict))]
    for place in places:
        place["unread"] = "@@"
        yield json.dumps(example).encode().replace(b'"@@"', value)
        del place["unread"]


class Listeners:
    """The two listeners of a service, and the credentials that each accepts."""

    def __init__(self, service: Service, internal: httpx.AsyncClient) -> None:
        self.service = service
        self._clients = {"public": service.client, "internal": internal}
        self._tokens = {"public": f"Bearer {access_token()}", "internal": INTERNAL_TOKEN}

    async def send(
        self, operation: tuple[str, str, str, Any], body: bytes, **headers: str
    ) -> httpx.Response:
        """Send a body."""
        listener, method, path, _ = operation
        sent = {"Authorization": self._tokens[listener]}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = path.replace("{address}", PEOPLE[0].address)
        return await self._clients[listener].request(method, url, content=body, headers=sent)

    async def stored(self) -> object:
        """Return the rows that bodies could change."""
        rows = "SELECT count(*), max(id), count(deleted_at) FROM ceramic_cache_ceramiccache"
        return await self.service.tables.rows(rows), await self.service.tables.registry()


@pytest.fixture
async def listeners(
    start_service: StartService, demo_database_url: str
) -> AsyncIterator[Listeners]:
    """A service with both listeners."""
    service = await start_service(
        demo_database_url,
        *("--internal-port", "0"),
        CERAMIC_CACHE_SCORER_ID="1",
        CGRANTS_API_TOKEN=INTERNAL_TOKEN,
        JWT_SECRET=SECRET,
    )
    port = service.events("listening_internally")[0]["port"]
    base_url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=base_url, timeout=20, trust_env=False) as internal:
        yield Listeners(service, internal)


async def test_text_that_is_not_json_in_utf8(listeners: Listeners) -> None:
    """Anything but JSON in UTF-8 gets 422, even in unread members, and nothing is stored."""
    before = await listeners.stored()
    tried = set()
    for operation in operations():
        for name, value in BAD_VALUES.items():
            for body in with_unread(operation[3], value):
                answer = await listeners.send(operation, body)
                what = operation[1:3], name, answer.text
                assert answer.status_code == 422, what
                assert answer.json()["detail"][0]["type"] == "json_invalid", what
        tried.add(operation[1:3])
    assert len(tried) == 8
    assert await listeners.stored() == before
    assert not listeners.service.events("request_failed")


async def test_bodies_that_are_not_entirely_json_in_utf8(listeners: Listeners) -> None:
    """Other encodings, a byte order mark, and bytes after the JSON are rejected."""
    before = await listeners.stored()
    for operation in operations():
        text = json.dumps(operation[3])
        for body in (
            *(text.encode(encoding) for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-8-sig")),
            *(text.encode() + more for more in (b" x", b"{}", b"\xff", b"\0", b"\xc2")),
            *(b"", b" ", b"\xff", b"\xef\xbb\xbf", gzip.compress(text.encode())),
        ):
            answer = await listeners.send(operation, body)
            problem = answer.json()["detail"][0]
            assert (answer.status_code, problem["type"]) == (422, "json_invalid"), body
    assert await listeners.stored() == before


async def test_unusual_but_valid_json(listeners: Listeners) -> None:
    """A member that is not read can be any JSON."""
    for operation in operations():
        for value in ODD_VALUES.values():
            for body in with_unread(operation[3], value):
                answer = await listeners.send(operation, body)
                assert answer.status_code < 500
                assert "json_invalid" not in answer.text, (operation[1:3], value, answer.text)


async def test_compressed_bodies(listeners: Listeners) -> None:
    """Any content coding except `identity` gets 415 with a sentence that says what to do."""
    before = await listeners.stored()
    for operation in operations():
        body = json.dumps(operation[3]).encode()
        for coding in ("gzip", "GZIP", "br", "identity, gzip", "deflate", "aws-chunked"):
            answer = await listeners.send(operation, body, Content_Encoding=coding)
            assert answer.status_code == 415
            assert "Content-Encoding" in answer.json()["detail"]
            assert answer.headers["Accept-Encoding"] == "identity"
        for coding in ("identity", "Identity", ""):
            answer = await listeners.send(operation, b"{", Content_Encoding=coding)
            assert answer.status_code == 422
    assert await listeners.stored() == before


async def test_the_alternate_scorer_as_clients_send_it(listeners: Listeners) -> None:
    """An integer or its text is accepted; null and an empty text mean the configured scorer."""
    url = f"/ceramic-cache/score/{PEOPLE[0].address}"
    headers = {"Authorization": f"Bearer {access_token()}"}
    client = listeners.service.client
    good: list[Any] = [1, "1", "01", "0" * 60 + "1", None, ""]
    bad: list[Any] = [1.0, "1.0", "1e0", " 1", "1 ", "+1", "1\n", "\u0661", True, [1]]
    for written, status in (
        *((value, 200) for value in good),
        *((value, 404) for value in (-1, "-1", 2**63 - 1)),
        *((value, 422) for value in bad),
    ):
        posted = await client.post(url, json={"alternate_scorer_id": written}, headers=headers)
        assert (posted.status_code, written) == (status, written)
        if isinstance(written, str):
            asked = await client.get(url, params={"alternate_scorer_id": written}, headers=headers)
            assert (asked.status_code, written) == (status, written)


async def test_the_scorer_of_an_embedding_page_as_clients_send_it(listeners: Listeners) -> None:
    """An integer or its text is accepted; anything else gets 422 and stores nothing."""
    operation = next(each for each in operations() if each[2] == "/internal/embed/stamps/{address}")
    good: list[Any] = [1, "1", "001"]
    bad: list[Any] = ["", None, 1.0, "1.0", "one", "\u0661", " 1", False, {}]
    for written, status in (
        *((value, 200) for value in good),
        *((value, 404) for value in (0, "-0", "999", -5)),
        *((value, 422) for value in bad),
    ):
        body = json.dumps({"scorer_id": written, "stamps": []}).encode()
        answer = await listeners.send(operation, body)
        assert (answer.status_code, written) == (status, written)
