"""Whatever is presented, the outcome is the claims or a refusal, and never another error."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from passport_scorer.credentials.verifier import verify
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.tools.demo.signing import sign_ed25519, sign_eip712
from tests.support.hypothesis_profiles import examples

NOW = datetime(2025, 12, 1, tzinfo=UTC)
ADDRESS = "0x4f0f596e6fafa901f0a803b18a9713964742bcaf"
DATES = {
    "issued_at": datetime(2025, 11, 20, tzinfo=UTC),
    "expires_at": datetime(2026, 2, 18, tzinfo=UTC),
}
GENUINE = [
    sign_eip712(bytes(31) + b"\x07", address=ADDRESS, provider="G", nullifiers=["v0:a"], **DATES),
    sign_ed25519(bytes(32), address=ADDRESS, provider="G", nullifier_hash="v0:a", **DATES),
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**300)
    | st.floats()
    | st.text(max_size=10)
    | st.text(st.characters(codec=None, categories=["Cs", "Cc", "Zs"]), max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = [
    *("@context", "@id", "@type", "@graph", "id", "type", "issuer", "proof", "credentialSubject"),
    *("provider", "hash", "nullifiers", "expirationDate", "issuanceDate"),
    *("created", "proofPurpose", "verificationMethod", "jws", "proofValue"),
    *("eip712", "eip712Domain", "domain", "types", "messageSchema", "primaryType"),
    *("name", "Document", "CredentialSubject"),
]
VALUES = st.one_of(
    JSON,
    st.sampled_from([*NAMES, "string", "string[]", "bytes", "uint256", "Proof", "Document[]"]),
    st.sampled_from(
        ["", "\0", "0x", "did:key:z", "did:ethr:0x", "9999-12-31T23:59:59-23:59", "a..b"]
    ),
    st.sampled_from([{}, [], [[]], {"@context": {}}, -0.0, 2**256, 10**400]),
)


def places(container: Any) -> list[tuple[Any, Any]]:
    """Every container in a document with each of its keys."""
    found: list[tuple[Any, Any]] = []
    keys = container if isinstance(container, dict) else range(len(container))
    for key in keys:
        found.append((container, key))
        if isinstance(container[key], dict | list):
            found += places(container[key])
    return found


@st.composite
def mutations(draw: st.DrawFn) -> dict[str, Any]:
    """A genuine stamp with one to three things set, moved, removed or added."""
    document: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(GENUINE)))
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from(places(document)))
        kind = draw(st.sampled_from(["set", "remove", "add", "wrap", "copy"]))
        if kind == "remove":
            del container[key]
        elif kind == "wrap":
            container[key] = [container[key]]
        elif kind == "copy":
            source, other = draw(st.sampled_from(places(document)))
            container[key] = copy.deepcopy(source[other])
        elif kind == "add" and isinstance(container, dict):
            container[draw(st.sampled_from(NAMES) | st.text(max_size=5))] = copy.deepcopy(
                draw(VALUES)
            )
        else:
            container[key] = copy.deepcopy(draw(VALUES))
        if not places(document):
            break
    return document


def check(document: bytes | str) -> None:
    """Verify it; only a refusal, with a short reason, may be raised."""
    try:
        message = str(verify(document, NOW))
    except VerificationFailed as refusal:
        message = refusal.message
        assert len(message) in range(10, 250)
    assert message


@given(mutations())
@settings(max_examples=examples(400), deadline=None)
def test_a_changed_stamp(document: dict[str, Any]) -> None:
    """A stamp that was changed anywhere, in any way, is verified or refused."""
    check(json.dumps(document))


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), VALUES, max_size=6))
@settings(max_examples=examples(100), deadline=None)
def test_any_json(document: dict[str, Any]) -> None:
    """Any JSON is refused, also with numbers and text that JSON doesn't have."""
    check(json.dumps(document))
    check(json.dumps(document, ensure_ascii=False))


@given(st.binary() | st.text(), st.integers(0, 3000), st.integers(0, 5))
@settings(max_examples=examples(150), deadline=None)
def test_any_bytes(noise: bytes | str, position: int, length: int) -> None:
    """Any bytes or text, alone or inside a stamp, are verified or refused."""
    check(noise)
    stamp = json.dumps(GENUINE[position % 2]).encode()
    inserted = noise.encode(errors="surrogatepass") if isinstance(noise, str) else noise
    check(stamp[:position] + inserted + stamp[position + length :])
