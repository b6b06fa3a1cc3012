"""Credentials that another implementation has signed, where verifiers differ.

`signed_by_didkit.json`: made with didkit 0.3.3 (`issue_credential`), which verifies each of them;
`refused` is the code of those that are refused here (docs/rules/credentials.md, "Where verifiers
differ"). Those of the suite EthereumEip712Signature2021 have no `eip712Domain`; their dates are
spelled in unusual ways; the signature covers the rewritten spelling.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from passport_scorer.credentials.verifier import verify
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.ethereum.eip712_generated_types import generated_types
from passport_scorer.ethereum.errors import TypesRefused

SAMPLES: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("signed_by_didkit.json").read_text("utf-8")
)
ACCEPTED = [sample for sample in SAMPLES if "refused" not in sample]
REFUSED = [sample for sample in SAMPLES if "refused" in sample]
LATER = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("sample", ACCEPTED, ids=[sample["about"] for sample in ACCEPTED])
def test_what_the_reference_verifier_accepts_is_accepted(sample: dict[str, Any]) -> None:
    """The same digest comes out of the same document, so that no genuine stamp loses its weight."""
    credential = verify(json.dumps(sample["credential"]), LATER)
    assert credential.provider == sample["credential"]["credentialSubject"]["provider"]


@pytest.mark.parametrize("sample", REFUSED, ids=[sample["about"] for sample in REFUSED])
def test_what_no_issuer_writes_is_refused(sample: dict[str, Any]) -> None:
    """Dates that RFC 3339 doesn't know, and tabs in nullifiers."""
    with pytest.raises(VerificationFailed) as refused:
        verify(json.dumps(sample["credential"]), LATER)
    assert refused.value.code == sample["refused"]


def _text_of(path: tuple[str, ...]) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        for name in path[:-1]:
            document = document[name]
        document[path[-1]] = "Other"

    return change


@pytest.mark.parametrize(
    "change",
    [
        _text_of(("credentialSubject", "provider")),
        _text_of(("credentialSubject", "more")),
        _text_of(("more",)),
        _text_of(("proof", "more")),
        lambda d: d["credentialSubject"]["nullifiers"].append("v2:c"),
        lambda d: d["credentialSubject"]["nullifiers"].reverse(),
        lambda d: d["credentialSubject"].pop("nullifiers"),
        lambda d: d["credentialSubject"].update(hash="v0:c"),
        lambda d: d.update(expirationDate="2031-02-18T13:12:09Z"),
        lambda d: d["proof"].update(eip712Domain={}),
    ],
)
def test_types_of_the_document_cover_all_of_it(change: Callable[[dict[str, Any]], object]) -> None:
    """Any change, addition or removal gives a different digest, or none."""
    credential = json.loads(json.dumps(SAMPLES[0]["credential"]))
    change(credential)
    with pytest.raises(VerificationFailed):
        verify(json.dumps(credential), LATER)


def test_types_are_made_from_the_document() -> None:
    """Fields in the order of their names, structs by the names of their members."""
    message = {"b": {"y": [True], "x": 1}, "a": "text", "@c": {"t": ["1", "2"]}, "n": [1]}
    assert generated_types(message) == {
        "@c": [{"name": "t", "type": "string[]"}],
        "B": [{"name": "x", "type": "uint256"}, {"name": "y", "type": "bool[]"}],
        "Document": [
            {"name": "@c", "type": "@c"},
            {"name": "a", "type": "string"},
            {"name": "b", "type": "B"},
            {"name": "n", "type": "uint256[]"},
        ],
    }


@pytest.mark.parametrize(
    "message",
    [
        {"a": None},
        {"a": 1.5},
        {"a": []},
        {"a": [None]},
        {"a": ["1", 1]},
        {"a": [True, 1]},
        {"a": [{}]},
        {"a": [["1"]]},
        {"document": {}},
        {"a": {"a": {}}},
        {"a": {"c": {"x": "1"}}, "b": {"c": {"y": "1"}}},
        {"a": {"x": "1"}, "A": {"x": 1}},
    ],
)
def test_values_without_types_are_refused(message: dict[str, Any]) -> None:
    """Nothing is guessed: a value without a type, or two structs of one name."""
    with pytest.raises(TypesRefused):
        generated_types(message)
