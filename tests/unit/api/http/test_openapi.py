"""The OpenAPI document describes everything, and its examples agree with themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from passport_scorer.api.applications import internal_document, public_document
from passport_scorer.api.http.openapi import openapi_document
from passport_scorer.api.operations import examples
from passport_scorer.api.operations.documentation import documentation_routes
from passport_scorer.api.operations.metrics import METRICS
from passport_scorer.api.operations.pages import page_routes
from passport_scorer.ethereum.eip4361 import SiweMessage, message_text
from passport_scorer.settings.parsers import OWN_SEGMENTS
from passport_scorer.tools.demo.example_rows import BANNED_HASH, EXAMPLE_NONCE
from passport_scorer.tools.demo.owner import SITE
from passport_scorer.tools.demo.signing import sign_text
from passport_scorer.tools.demo.world import OWNER, PEOPLE, credential_of

DOCUMENTS: list[Mapping[str, Any]] = [
    msgspec.json.decode(msgspec.json.encode(document()))
    for document in (public_document, internal_document)
]


def operations() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All operations, with their paths."""
    for document in DOCUMENTS:
        for path, item in document["paths"].items():
            yield from ((path, operation) for operation in item.values())


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """All objects in a JSON value."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list):
            yield from objects(each)


def example_of(answer: Mapping[str, Any]) -> Any:
    """The example of an answer; empty if it has no body."""
    return answer["content"]["application/json"]["example"] if "content" in answer else {}


@pytest.mark.parametrize(("name", "document"), [("public", 0), ("internal", 1)])
def test_the_committed_documents_are_current(name: str, document: int) -> None:
    """Integrators read docs/openapi; `make docs` renews it."""
    committed = Path(__file__).parents[4] / "docs" / "openapi" / f"{name}.json"
    assert json.loads(committed.read_text()) == DOCUMENTS[document]


def test_everything_is_described() -> None:
    """Operations, parameters, answers, headers, and each member of each body."""
    for path, operation in operations():
        described = [operation, *operation["parameters"], *operation["responses"].values()]
        headers = [each["headers"].values() for each in operation["responses"].values()]
        for each in (*described, *(header for group in headers for header in group)):
            assert "$ref" in each or each["description"].strip(), (path, each)
        assert operation["summary"]
    for document in DOCUMENTS:
        assert all(each["description"] for each in document["components"]["headers"].values())
        for name, schema in document["components"]["schemas"].items():
            assert schema["description"], name
            assert "Attributes" not in schema["description"]
            for member, said in schema["properties"].items():
                assert said.get("description", "").endswith((".", "`")), (name, member)


def test_scores_of_examples_sum_up() -> None:
    """The score is the sum of its stamps, and expires with the first."""
    scores = [each for _, o in operations() for each in objects(o) if "passing_score" in each]
    scores = [each for each in scores if isinstance(each["score"], str)]
    assert len(scores) > 5
    for score in scores:
        stamps = score["stamps"].values()
        assert sum(Decimal(stamp["score"]) for stamp in stamps) == Decimal(score["score"])
        assert score["passing_score"] == (Decimal(score["score"]) >= Decimal(score["threshold"]))
        times = [datetime.fromisoformat(stamp["expiration_date"]) for stamp in stamps]
        assert datetime.fromisoformat(score["expiration_timestamp"]) == min(times)
        computed_at = datetime.fromisoformat(score["last_score_timestamp"])
        assert computed_at < min(times)


def test_addresses_of_examples_are_those_of_the_path() -> None:
    """Example responses are about the address in the example request."""
    checked = 0
    for path, operation in operations():
        asked = [each["example"] for each in operation["parameters"] if each["name"] == "address"]
        answers = operation["responses"].items()
        for status, answer in answers:
            about = {each["address"] for each in objects(example_of(answer)) if "address" in each}
            ids = json.dumps(example_of(answer)).split("did:pkh:eip155:1:")[1:]
            about |= {each[:42] for each in ids}
            if asked and about and status < "500":
                assert about == set(asked), (path, status)
                checked += 1
    assert checked > 8


def test_examples_store_the_stamps_that_they_score() -> None:
    """The stamps listed with a score are the ones it consists of."""
    answers = [a for _, o in operations() for a in o["responses"].values()]
    shown = [each for each in map(example_of, answers) if isinstance(each, dict)]
    both = [each for each in shown if {"stamps", "score", "success"} <= each.keys()]
    assert both
    for each in both:
        assert {stamp["provider"] for stamp in each["stamps"]} == each["score"]["stamps"].keys()
        numbers = [stamp["id"] for stamp in each["stamps"]]
        assert numbers == sorted(numbers, reverse=True)


def test_examples_are_of_the_demo() -> None:
    """Addresses, stamps, proofs and the signed message are those of the demo."""
    ada = PEOPLE[0]
    ens, google = (credential_of(OWNER, stamp) for stamp in OWNER.stamps)
    assert (ada.address, OWNER.address) == (examples.ADDRESS, examples.OWNER_ADDRESS)
    assert examples.OWNER_CHECKSUMMED.lower() == OWNER.address
    assert json.loads(bytes(examples.CREDENTIALS.listed)) == credential_of(ada, ada.stamps[1])
    assert json.loads(bytes(examples.CREDENTIALS.ens)) == ens
    assert json.loads(bytes(examples.CREDENTIALS.google)) == google
    revoked = credential_of(OWNER, OWNER.deleted[0])["proof"]["proofValue"]
    assert revoked == examples.REVOKED_PROOF
    assert (examples.NONCE, examples.BANNED_HASH) == (EXAMPLE_NONCE, BANNED_HASH)


def test_the_example_of_the_sign_in_is_signed() -> None:
    """The signature is the one of the owner over the text of the message."""
    operation = DOCUMENTS[0]["paths"]["/ceramic-cache/authenticate/v2"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    message = msgspec.convert(example["message"], SiweMessage)
    assert message.domain == SITE
    text = message_text(message, examples.OWNER_CHECKSUMMED)
    assert example["signature"] == sign_text(OWNER.key, text)


def test_a_prefix_can_not_be_taken_for_a_path() -> None:
    """No path of the service starts with a segment that a prefix can start with."""
    paths = [*operations_paths(), *(route.path for route in page_routes("", "", has_metrics=True))]
    paths += [
        METRICS.path,
        *(getattr(each, "path", "") for each in documentation_routes(lambda _root: {})),
    ]
    assert {path.split("/")[1] for path in paths} - {""} == OWN_SEGMENTS


def operations_paths() -> list[str]:
    """The paths of both documents."""
    return [path for document in DOCUMENTS for path in document["paths"]]


@pytest.mark.parametrize("root", ["", "/scorer"])
def test_the_server_is_where_the_document_is(root: str) -> None:
    """Without a prefix that is the root of the site."""
    (server,) = openapi_document("title", "about", [], root)["servers"]
    assert server["url"] == (root or "/")
