"""The documentation that the service serves is complete, correct and self-contained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from passport_scorer.tools.demo.world import DEMO_API_KEY

if TYPE_CHECKING:
    import httpx

    from tests.acceptance.conftest import Service

SCORE = "/v2/stamps/{scorer_id}/score/{address}"
JSON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


async def document(service: Service) -> dict[str, Any]:
    """The OpenAPI document."""
    answer = await service.client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    return body


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema that a reference points to; any other schema unchanged."""
    while "$ref" in schema:
        found: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def complaints(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> list[str]:
    """Return the violations of a JSON schema by a value (for the keywords in use)."""
    schema = resolved(schema, root)
    unknown = schema.keys() - {
        *("type", "properties", "required", "additionalProperties", "items", "anyOf", "const"),
        *("title", "description", "example", "examples", "default", "pattern", "enum"),
    }
    assert not unknown, unknown
    if "anyOf" in schema and all(complaints(value, each, root) for each in schema["anyOf"]):
        return [f"{value!r} is none of {schema['anyOf']}"]
    named = schema.get("type", list(JSON_TYPES))
    kinds = [named] if isinstance(named, str) else named
    if not any(isinstance(value, JSON_TYPES[kind]) for kind in kinds):
        return [f"{value!r} is no {kinds}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{value!r} is none of {schema['enum']}"]
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return [f"{value!r} is not like {schema['pattern']}"]
    if isinstance(value, list):
        items = schema.get("items", {})
        return [found for item in value for found in complaints(item, items, root)]
    return member_complaints(value, schema, root) if isinstance(value, dict) else []


def member_complaints(
    value: Mapping[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any]
) -> list[str]:
    """Return the violations by the members of an object."""
    properties = schema.get("properties", {})
    found = [f"{name} is missing" for name in schema.get("required", ()) if name not in value]
    for name, member in value.items():
        allowed = properties.get(name, schema.get("additionalProperties", not properties))
        if allowed is False:
            found.append(f"{name} is not documented")
        elif allowed is not True:
            found += complaints(member, allowed, root)
    return found


async def check(service: Service, answer: httpx.Response, status: int) -> None:
    """Check that a score response is documented, including body and headers."""
    assert answer.status_code == status
    root = await document(service)
    said = root["paths"][SCORE]["get"]["responses"][str(status)]
    schema = said["content"]["application/json"]["schema"]
    assert complaints(answer.json(), schema, root) == []
    assert complaints(said["content"]["application/json"]["example"], schema, root) == []
    limits = {
        name for name in answer.headers if name.startswith("ratelimit") or name == "retry-after"
    }
    assert limits <= {name.lower() for name in said["headers"]}


async def test_the_document_is_openapi(service: Service) -> None:
    """The document follows OpenAPI 3.1, and every reference in it resolves."""
    root = await document(service)
    assert re.fullmatch(r"3\.1\.\d+", root["openapi"])
    assert {"title", "version"} <= root["info"].keys()
    operations = [
        (path, method, operation)
        for path, item in root["paths"].items()
        for method, operation in item.items()
    ]
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][A-Za-z_0-9]+", name) for name in names)
    assert "endpoint" not in names
    for path, _, operation in operations:
        parameters = operation.get("parameters", ())
        named = {each["name"] for each in parameters if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        assert operation["responses"]
        assert all("description" in each for each in operation["responses"].values())
        schemes = {name for way in operation.get("security", ()) for name in way}
        assert schemes <= root["components"]["securitySchemes"].keys()
    check_references(root, root)


def check_references(part: Any, root: Mapping[str, Any]) -> None:
    """Follow every reference."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            assert resolved(part, root)
        for each in part.values():
            check_references(each, root)
    elif isinstance(part, list):
        for each in part:
            check_references(each, root)


async def test_answers_are_as_documented(service: Service) -> None:
    """Each score response and each example has the documented form."""
    community = await service.tables.add_community()
    for person in ("ada", "bob", "cleo", "hana"):
        await check(service, await service.score(person, community), 200)
    key = await service.tables.add_key(rate_limit="2/15m")
    await check(service, await service.score("bob", key=key), 200)
    await check(service, await service.score("no address", key=key), 400)
    await check(service, await service.score("bob", key=key), 429)
    await check(service, await service.score("bob", key=None), 401)
    unlimited = await service.tables.add_key(rate_limit="9/15m", read_scores=False)
    await check(service, await service.score("bob", key=unlimited), 403)
    limited = await service.tables.add_key(rate_limit="9/15m")
    await check(service, await service.score("bob", "unknown", limited), 404)
    broken = await service.tables.add_broken_community()
    await check(service, await service.score("bob", broken, limited), 500)


async def test_the_examples_of_the_document_work(service: Service) -> None:
    """The example parameters of the score endpoint return a score, or an unknown scorer."""
    operation = (await document(service))["paths"][SCORE]["get"]
    target = SCORE
    for parameter in operation["parameters"]:
        example = str(parameter["example"])
        assert complaints(example, parameter["schema"], {}) == []
        target = target.replace(f"{{{parameter['name']}}}", example)
    answer = await service.client.get(target, headers={"X-API-Key": DEMO_API_KEY.key})
    await check(service, answer, 200)


@pytest.mark.parametrize(
    ("file", "media_type"),
    [
        ("", "text/html"),
        ("/swagger-ui-bundle.js", "text/javascript"),
        ("/swagger-ui.css", "text/css"),
        ("/favicon-32x32.png", "image/png"),
        ("/start.js", "text/javascript"),
    ],
)
async def test_the_files_of_the_page(service: Service, file: str, media_type: str) -> None:
    """Each file of the page has its media type."""
    answer = await service.client.get("/docs" + file)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.content
    assert (await service.client.head("/docs" + file)).status_code == 200


async def test_the_page_needs_nothing_from_elsewhere(service: Service) -> None:
    """The page loads only files of this service; its policy says so, and the files exist."""
    page = await service.client.get("/docs")
    start = await service.client.get("/docs/start.js")
    for text in (page.text, start.text):
        assert not re.search(r"(https?:)?//", text)
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    styles = await service.client.get("/docs/swagger-ui.css")
    assert not re.search(r"url\(\s*[\"']?https?://|@import", styles.text)
    references = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(references) >= 4
    for reference in references:
        assert (await service.client.get("/" + reference)).status_code == 200


async def test_the_page_has_no_secret_of_this_service(service: Service) -> None:
    """The document does not depend on the caller or on the configuration."""
    answer = await service.client.get("/openapi.json", headers={"X-API-Key": "demo"})
    assert answer.json() == await document(service)
    assert "demokey" not in answer.text
