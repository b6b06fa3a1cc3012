"""A registered text is judged as by `verify`, except that its signature is not computed again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passport_scorer.credentials.verdict_cache import VerdictCache
from passport_scorer.credentials.verifier import verify, verify_registered
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.tools.demo.signing import sign_eip712
from tests.support.hypothesis_profiles import examples
from tests.support.recordings import VECTORS

from .hostile_documents import hostile_documents

NOW = datetime(2026, 12, 1, tzinfo=UTC)
FORGED = {"signature_mismatch"}
Document = dict[str, Any]


def usual() -> Document:
    """A stamp as they are issued today."""
    return sign_eip712(
        bytes(31) + b"\x07",
        address="0x4f0f596e6fafa901f0a803b18a9713964742bcaf",
        provider="Google",
        nullifiers=["v0:one", "v1:two"],
        issued_at=datetime(2025, 11, 20, 13, 12, 9, 615000, tzinfo=UTC),
        expires_at=datetime(2026, 2, 18, 13, 12, 9, tzinfo=UTC),
    )


def outcome(judge: Callable[[], Credential | None]) -> Credential | str | None:
    """The claims, the code of the rejection, or None for another form."""
    try:
        return judge()
    except VerificationFailed as rejection:
        return rejection.code


VECTOR_LIST: list[Document] = json.loads(VECTORS.read_text())
SIGNED_BY_DIDKIT: list[Document] = json.loads(
    Path(__file__).with_name("signed_by_didkit.json").read_text("utf-8")
)
SAMPLES = {
    **{each["name"]: each["credential"] for each in VECTOR_LIST},
    **{each["about"]: each["credential"] for each in SIGNED_BY_DIDKIT},
}
# Accepted by the reference verifier: any of them can be registered.
ACCEPTED = [each["name"] for each in VECTOR_LIST if each["verifies"]] + [
    each["about"] for each in SIGNED_BY_DIDKIT
]


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_another_scorer_registered_is_judged_as_if_it_were_not(name: str) -> None:
    """Also where the reference verifier accepts what this one rejects."""
    text = json.dumps(SAMPLES[name])
    registered = outcome(lambda: VerdictCache(0).verify(text, NOW, is_registered=True))
    assert registered == outcome(lambda: verify(text, NOW))


def test_some_of_them_are_rejected() -> None:
    """The samples show every way in which the verifiers differ on signatures."""
    rejected = {
        name
        for name in ACCEPTED
        if isinstance(outcome(partial(verify, json.dumps(SAMPLES[name]), NOW)), str)
    }
    assert rejected >= {
        "proof: a list, valid and broken",
        "signature: high s",
        "signature: 66 bytes",
    }


def assert_only_the_signature_is_taken(text: str | bytes) -> None:
    """Assert that a registered text is read as ever; only its signature may be another's."""
    registered = outcome(lambda: verify_registered(text, NOW))
    verified = outcome(lambda: verify(text, NOW))
    if isinstance(registered, Credential):
        assert verified == registered or verified in FORGED
    elif registered is not None:
        assert verified == registered


@pytest.mark.parametrize("name", SAMPLES)
def test_only_the_signature_of_a_sample_is_taken(name: str) -> None:
    """Every sample, accepted by a verifier or not."""
    assert_only_the_signature_is_taken(json.dumps(SAMPLES[name]))


def test_only_the_signature_of_a_hostile_document_is_taken() -> None:
    """Whatever was made to take long to verify."""
    for document in hostile_documents():
        assert_only_the_signature_is_taken(document.text)


def members(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every member and element below a value."""
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for name, child in children:
        yield (*path, name)
        yield from members(child, (*path, name))


PATHS = sorted(members(usual()), key=str)
VALUES = st.one_of(
    st.sampled_from(
        [
            None,
            0,
            1.5,
            True,
            "",
            "\0",
            "string",
            "string[]",
            "string[2]",
            "bytes",
            "Proof",
            [],
            ["v0:x"] * 65,
            ["x"] * 257,
            "x" * 20_000,
            {},
            {"name": "x"},
            {"name": 1},
            "2025-11-20T13:12:09.000Z",
            "2025-11-20T13:12:09+00:00",
            "2025-11-20t13:12:09Z",
            "2099-11-20T13:12:09Z",
            "2025-02-30T13:12:09Z",
            "did:ethr:0x018D103c154748e8d5a1d7658185125175457f84",
            "did:key:zabc",
            "0x" + "0" * 130,
            "0x" + "f" * 128 + "1b",
            "0x" + "0" * 128 + "1d",
        ]
    ),
    st.text(max_size=5),
)
CHANGES = st.tuples(st.sampled_from(PATHS), st.sampled_from(["set", "pop", "add", "wrap"]), VALUES)


def changed(document: Document, path: tuple[str | int, ...], way: str, value: object) -> None:
    """Change a document in place, if it still has the place."""
    parent: Any = document
    try:
        for name in path[:-1]:
            parent = parent[name]
        before = parent[path[-1]]
    except (KeyError, IndexError, TypeError):
        return
    place: Any = path[-1]
    if not isinstance(parent, dict | list):
        return
    value = deepcopy(value)
    if way == "set":
        parent[place] = value
    elif way == "wrap":
        parent[place] = [before]
    elif way == "pop":
        del parent[place]
    elif isinstance(before, dict):
        before["more"] = value
    elif isinstance(before, list):
        before.append(value)


@given(st.lists(CHANGES, min_size=1, max_size=3))
@settings(max_examples=examples(500), deadline=None)
def test_only_the_signature_of_a_changed_stamp_is_taken(changes: list[Any]) -> None:
    """Whatever is set, added or removed anywhere in a stamp."""
    document = deepcopy(usual())
    for change in changes:
        changed(document, *change)
    assert_only_the_signature_is_taken(json.dumps(document))


def test_the_signature_of_the_usual_form_is_not_computed() -> None:
    """A registered stamp is read without regard to its signer; unregistered, it is rejected."""
    document = usual()
    genuine = verify(json.dumps(document), NOW)
    assert verify_registered(json.dumps(document), NOW) == genuine
    document["credentialSubject"]["provider"] = "Github"
    claims = verify_registered(json.dumps(document), NOW)
    assert claims is not None
    assert claims.provider == "Github"
    assert outcome(lambda: verify(json.dumps(document), NOW)) in FORGED


@pytest.mark.parametrize("text", ["{" * 501, "," * 2001])
def test_the_bounds_are_those_of_verification(text: str) -> None:
    """A registered text with too many brackets or commas is rejected, as without a copy."""
    document = usual()
    document["credentialSubject"]["provider"] = text
    for judge in (verify, verify_registered):
        assert outcome(partial(judge, json.dumps(document), NOW)) == "document_unreadable"


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(credentialStatus=None),
        lambda d: d.update(proof=[d["proof"]]),
        lambda d: d.update(issuanceDate="2025-11-20T13:12:09+00:00"),
        lambda d: d["proof"].update(created="2025-11-20T14:12:09.615+01:00"),
        lambda d: d["proof"].update(eip712=d["proof"].pop("eip712Domain")),
        lambda d: d["proof"]["eip712Domain"]["types"]["Proof"].append(
            {"name": "more", "type": "string"}
        ),
        lambda d: d["proof"]["eip712Domain"]["types"]["EIP712Domain"].clear(),
        lambda d: d["proof"]["eip712Domain"].update(domain={}),
        lambda d: d["proof"]["eip712Domain"].update(primaryType="Proof"),
        lambda d: d["credentialSubject"].update(provider="x" * 20_000),
    ],
)
def test_any_other_form_is_verified(change: Callable[[Document], object]) -> None:
    """A registered text that has another form is verified all the same."""
    document = usual()
    change(document)
    assert verify_registered(json.dumps(document), NOW) is None
