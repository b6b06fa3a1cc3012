"""Every operation of the OpenAPI document works in the demo with its own examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.acceptance.test_command_line import running_demo
from tests.acceptance.test_documentation import complaints

# Members that differ in each response.
VOLATILE = frozenset({"access", "nonce", "last_score_timestamp", "id"})
ANSWER_SECONDS = 20


@dataclass
class Demo:
    """`passport-scorer demo run`, and its output."""

    client: httpx.Client
    token: str
    document: Mapping[str, Any]

    def headers(self, operation: Mapping[str, Any]) -> dict[str, str]:
        """Return the credentials for an operation, as printed by the demo."""
        presented = {
            "ApiKey": {"X-API-Key": "demo"},
            "AccessToken": {"Authorization": f"Bearer {self.token}"},
            "InternalToken": {},
        }
        ways = operation["security"]
        return presented[next(iter(ways[0]))] if ways else {}

    def call(self, path: str, method: str, operation: Mapping[str, Any]) -> httpx.Response:
        """Send the request of "Try it out"."""
        query = {}
        for parameter in operation["parameters"]:
            example = parameter["example"]
            text = str(example).lower() if isinstance(example, bool) else str(example)
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", quote(text, safe=""))
            else:
                query[parameter["name"]] = text
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        sent = {"json": body["example"]} if body else {}
        headers = self.headers(operation)
        return self.client.request(method, path, params=query, headers=headers, **sent)

    def operations(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Return all operations: reads first, deletions last."""
        found = [
            (path, method, operation)
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
        ]
        return sorted(found, key=lambda each: (each[1] != "get", each[1] == "delete"))


@pytest.fixture(scope="module")
def demo(server_folder: Path) -> Iterator[Demo]:
    """The demo that these tests share."""
    folder = server_folder / "examples"
    folder.mkdir(mode=0o755)
    with running_demo(folder, "postgresql://nobody@127.0.0.1:1/left-alone") as (output, _):
        text = output.read_text()
        (base,) = set(re.findall(r"http://127\.0\.0\.1:\d+(?=\s)", text))
        tokens = re.findall(r"^Access token: +(\S+)$", text, re.MULTILINE)
        client = httpx.Client(base_url=base, timeout=ANSWER_SECONDS, trust_env=False)
        with closing(client):
            yield Demo(client, tokens[0], client.get("/openapi.json").json())


def agree(example: Any, answered: Any, name: str = "") -> bool:
    """Return whether a response matches its example, which can omit members of lists."""
    if name in VOLATILE:
        return isinstance(answered, type(example))
    if name in ("next", "prev") and example and answered:
        return bool(urlsplit(example)[2:] == urlsplit(answered)[2:])
    if isinstance(example, dict) and isinstance(answered, dict):
        return all(key in answered and agree(example[key], answered[key], key) for key in example)
    if isinstance(example, list) and isinstance(answered, list):
        return all(any(agree(each, other) for other in answered) for each in example)
    return bool(example == answered)


def check(demo: Demo, path: str, method: str, operation: Mapping[str, Any]) -> None:
    """Call an operation with its examples, and check the response against the document."""
    answer = demo.call(path, method, operation)
    succeeds = next(status for status in operation["responses"] if status.startswith("2"))
    about = f"{method} {path}: {answer.text[:500]}"
    assert answer.status_code == int(succeeds), about
    content = operation["responses"][succeeds]["content"]["application/json"]
    assert complaints(answer.json(), content["schema"], demo.document) == [], about
    assert complaints(content["example"], content["schema"], demo.document) == [], about
    assert agree(content["example"], answer.json()), f"{about}\nnot {content['example']}"


def test_every_operation_works_with_its_examples(demo: Demo) -> None:
    """Each operation returns the documented success, and matches the example."""
    operations = demo.operations()
    assert len(operations) >= 25
    assert any("/internal/" in path for path, *_ in operations)
    for operation in operations:
        check(demo, *operation)


def test_every_operation_refuses_what_its_scheme_does_not_let_in(demo: Demo) -> None:
    """If a key or token is documented, a call without it gets the documented 401."""
    for path, method, operation in demo.operations():
        if "InternalToken" in str(operation["security"]) or not operation["security"]:
            continue
        answer = demo.call(path, method, {**operation, "security": []})
        assert (answer.status_code, "401" in operation["responses"]) == (401, True), path
