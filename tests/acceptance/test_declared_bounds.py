"""Every documented integer, string and list is bounded, and the bounds are enforced."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from passport_scorer.api.applications import internal_document, public_document
from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE

from .test_contract import INTERNAL_TOKEN, SECRET, access_token

if TYPE_CHECKING:
    from tests.acceptance.conftest import Service, StartService


def plain(value: object) -> Any:
    """Raw JSON values."""
    return msgspec.json.decode(msgspec.json.encode(value))


DOCUMENTS = {
    "public": plain(public_document()),
    "internal": plain(internal_document()),
}
AT_ONCE = 16
# In bodies: JSON as text, because Python has no values for some of it.
ODD_JSON = [
    *("9223372036854775807", "-9223372036854775808", "2147483647", "2147483648"),
    *("9223372036854775808", "-9223372036854775809", "18446744073709551616", "1" + "0" * 60),
    *("1" + "0" * 5000, "1e400", "-1e131071", "1.5", "true", "null", "{}", "[]", '""'),
    *(r'"\u0000"', r'"a\u0000b"', r'"\ud800"', r'"\udc00x"', '"\U0001f600"', '"0"', '"-1"'),
    *('"9223372036854775808"', '"' + "9" * 5000 + '"', '"' + "x" * 257 + '"'),
    *('"' + "x" * 100_000 + '"', "[" * 100 + "]" * 100, '{"a":' * 40 + "1" + "}" * 40),
]
# In paths and queries: percent-encoded.
ODD_TEXTS = [
    *("9223372036854775807", "-9223372036854775808", "2147483647", "2147483648"),
    *("9223372036854775808", "-9223372036854775809", "1" + "0" * 60, "9" * 5000, "1.5", "-0"),
    *("", "%00", "a%00b", "%ED%A0%80", "%ff%fe", "%F0%9F%98%80", "%D9%A1", "x" * 257, "x" * 5000),
]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of each operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the possible schemas of a value, with references and alternatives resolved."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return resolved(document, document["components"]["schemas"][name])
    if "anyOf" in schema:
        return [each for one in schema["anyOf"] for each in resolved(document, one)]
    return [schema]


def leaves(
    document: dict[str, Any], schema: dict[str, Any], place: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Return each place in a body with a declared type, including objects and lists."""
    for each in resolved(document, schema):
        yield place, each
        for name, inner in each.get("properties", {}).items():
            yield from leaves(document, inner, (*place, name))
        if each.get("type") == "array" and each.get("items"):
            yield from leaves(document, each["items"], (*place, 0))


def changed(example: object, place: Sequence[str | int], text: str) -> str:
    """Return the example as JSON, with another text at one place."""
    return json.dumps(with_mark(example, place)).replace('"@@"', text)


def with_mark(value: object, place: Sequence[str | int]) -> object:
    """Return the value with a mark at one place; missing parents are created."""
    if not place:
        return "@@"
    step, rest = place[0], place[1:]
    if isinstance(step, int):
        return [with_mark(value[0] if isinstance(value, list) and value else None, rest)]
    members = value if isinstance(value, dict) else {}
    return {**members, step: with_mark(members.get(step), rest)}


def edges(schema: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return JSON just inside and just outside the declared bounds, and which one it is."""
    if schema.get("type") == "integer":
        least, most = schema["minimum"], schema["maximum"]
        return [
            (str(least), True),
            (str(most), True),
            (str(least - 1), False),
            (f"{most + 1}", False),
        ]
    if schema.get("type") == "string" and "pattern" not in schema:
        longest = schema["maxLength"]
        return [(json.dumps("x" * longest), True), (json.dumps("x" * (longest + 1)), False)]
    if schema.get("type") == "array":
        longest = schema["maxItems"]
        return [(f"[{','.join(['{}'] * (longest + 1))}]", False)]
    return []


def urls(path: str, operation: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Return the URL with each parameter unusual in turn, and whether it must be rejected."""
    parameters = operation["parameters"]
    shown = {each["name"]: quote(str(each["example"]), safe="") for each in parameters}
    for odd in parameters:
        out_of_bounds = []
        if odd["schema"].get("type") == "integer":
            least, most = odd["schema"]["minimum"], odd["schema"]["maximum"]
            out_of_bounds = [str(least - 1), str(most + 1)]
        for text in (*ODD_TEXTS, *out_of_bounds):
            values = {**shown, odd["name"]: text}
            url = path
            for name, value in values.items():
                url = url.replace(f"{{{name}}}", value)
            query = [f"{p['name']}={values[p['name']]}" for p in parameters if p["in"] == "query"]
            yield f"{url}?{'&'.join(query)}", text in out_of_bounds


def bodies(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Return the body with each part unusual in turn, and whether it must be rejected."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return
    example = content["example"]
    for place, schema in leaves(document, content["schema"]):
        for text in ODD_JSON:
            yield changed(example, place, text), False
        for text, is_inside in edges(schema):
            yield changed(example, place, text), not is_inside


def requests(listener: str) -> list[tuple[str, str, str | None, bool]]:
    """Return all unusual requests to a listener, and whether each must be rejected."""
    document = DOCUMENTS[listener]
    found: list[tuple[str, str, str | None, bool]] = []
    for method, path, operation in operations(document):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        usual = json.dumps(body["example"]) if body else None
        found += [(method, url, usual, refused) for url, refused in urls(path, operation)]
        address = next(
            (p["example"] for p in operation["parameters"] if p["name"] == "address"), ""
        )
        url = path.replace("{address}", PEOPLE[0].address if listener == "public" else address)
        found += [(method, url, text, refused) for text, refused in bodies(document, operation)]
    return found


def unbounded(document: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    """Return each declared integer, string and list without a bound."""
    bounds = {"integer": "maximum", "string": "maxLength", "array": "maxItems"}
    for method, path, operation in operations(document):
        for each in operation["parameters"]:
            if each["schema"].get("type") == "integer" and "maximum" not in each["schema"]:
                yield method, path, each["name"]
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        for place, schema in leaves(document, content["schema"]) if content else ():
            if (bound := bounds.get(str(schema.get("type")))) and bound not in schema:
                yield method, path, place


@pytest.mark.parametrize("listener", DOCUMENTS)
def test_everything_that_is_declared_is_bounded(listener: str) -> None:
    """All integers, strings and lists in bodies, and integers in paths and queries, are bounded."""
    assert list(unbounded(DOCUMENTS[listener])) == []


@pytest.mark.timeout(300)
@pytest.mark.slow
async def test_values_out_of_bounds_are_refused(
    start_service: StartService, demo_database_url: str
) -> None:
    """Unusual values everywhere in every request get 4xx if out of bounds, and never a 5xx."""
    service: Service = await start_service(
        demo_database_url,
        *("--internal-port", "0"),
        CERAMIC_CACHE_SCORER_ID="1",
        CGRANTS_API_TOKEN=INTERNAL_TOKEN,
        JWT_SECRET=SECRET,
    )
    port = service.events("listening_internally")[0]["port"]
    faults: list[tuple[object, ...]] = []
    places = asyncio.Semaphore(AT_ONCE)

    async def ask(
        client: httpx.AsyncClient,
        headers: dict[str, str],
        request: tuple[str, str, str | None, bool],
    ) -> None:
        method, url, body, must_be_refused = request
        async with places:
            answer = await client.request(method, url, content=body, headers=headers)
        is_fine = answer.status_code < 500 or "external stamp metadata" in answer.text
        if not is_fine or (must_be_refused and not 400 <= answer.status_code < 500):
            faults.append((answer.status_code, method, url[:200], (body or "")[:300]))

    internal = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False)
    async with internal:
        for listener, client, authorization in (
            ("public", service.client, f"Bearer {access_token()}"),
            ("internal", internal, INTERNAL_TOKEN),
        ):
            headers = {"Authorization": authorization, "X-API-Key": DEMO_API_KEY.key}
            await asyncio.gather(*(ask(client, headers, each) for each in requests(listener)))
    assert faults == []
    headers = {"Authorization": f"Bearer {access_token()}"}
    url = f"/ceramic-cache/score/{PEOPLE[0].address}"
    for scorer, expected in (
        *((None, 200), (1, 200), ("1", 200)),
        *((2**63 - 1, 404), (str(2**63 - 1), 404), (-1, 404)),
        *((2**63, 422), (str(2**63), 422), ("one", 422), (1.5, 422)),
    ):
        body = {"alternate_scorer_id": scorer}
        answer = await service.client.post(url, json=body, headers=headers)
        assert (answer.status_code, scorer) == (expected, scorer)
    assert not [e for e in service.events("request_failed") if e["error"] != "CatalogueUnavailable"]
