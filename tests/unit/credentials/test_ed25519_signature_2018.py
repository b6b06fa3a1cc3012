"""The older suite signs a graph: rewriting a stamp with the same graph gains nothing."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from pyld import jsonld

from passport_scorer.credentials.contexts import STATUS_LIST_2021, bundled_context
from passport_scorer.credentials.errors import ProfileViolated
from passport_scorer.credentials.linked_data import canonical_form
from passport_scorer.domain.credential import Credential
from passport_scorer.tools.demo.signing import signed_ed25519

Verified = Callable[[object], Credential]
Refusal = Callable[[object], str]
Document = dict[str, Any]

TEXT = "https://schema.org/Text"
LISTED = {"@id": TEXT, "@container": "@list"}


def graph(document: Document) -> str:
    """The canonical graph that a signature of this suite covers, made without our own checks."""

    def load(address: str, _options: object) -> Document:
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": address,
            "document": bundled_context(address),
        }

    signed = {name: value for name, value in document.items() if name != "proof"}
    canonical: str = jsonld.normalize(
        signed,
        {"documentLoader": load, "algorithm": "URDNA2015", "format": "application/n-quads"},
    )
    return canonical


def with_nullifiers(stamp: Document, *nullifiers: str) -> Document:
    """The stamp with nullifiers instead of its hash; not signed again."""
    subject = stamp["credentialSubject"]
    del subject["hash"]
    subject["@context"] = [{"nullifiers": LISTED, "provider": TEXT}]
    subject["nullifiers"] = list(nullifiers)
    return stamp


def replaced(stamp: Document, context: object, **claims: object) -> Document:
    """The stamp with other claims in its subject, under another context."""
    subject = {"id": stamp["credentialSubject"]["id"], "@context": context, **claims}
    return {**stamp, "credentialSubject": subject}


def test_nullifiers_verify_in_their_order(
    old_stamp: Document, seed: bytes, verified: Verified, refusal: Refusal
) -> None:
    """Nullifiers as a list verify; another order is another graph."""
    stamp = signed_ed25519(seed, with_nullifiers(old_stamp, "v0:a", "v1:b", "v1:b"))
    assert verified(stamp).nullifiers == ("v0:a", "v1:b", "v1:b")
    stamp["credentialSubject"]["nullifiers"].reverse()
    assert refusal(stamp) == "signature_mismatch"


def test_an_empty_list_of_nullifiers_verifies(
    old_stamp: Document, seed: bytes, verified: Verified
) -> None:
    """No nullifiers is a claim as well."""
    assert verified(signed_ed25519(seed, with_nullifiers(old_stamp))).nullifiers == ()


def test_the_most_nullifiers_are_canonicalised_in_bounded_time(
    old_stamp: Document, seed: bytes, verified: Verified, refusal: Refusal
) -> None:
    """The nodes of a list of equal nullifiers look alike; the longest list allowed verifies."""
    stamp = signed_ed25519(seed, with_nullifiers(old_stamp, *["v0:a"] * 16))
    assert len(verified(stamp).nullifiers) == 16
    stamp["credentialSubject"]["nullifiers"].append("v0:a")
    assert refusal(stamp) == "profile_violated"


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update({"@context": d["@context"][0]}),
        lambda d: d.update(type="VerifiableCredential"),
        lambda d: d["credentialSubject"].update(
            {"@context": d["credentialSubject"]["@context"][0]}
        ),
        lambda d: d["@context"].append(STATUS_LIST_2021),
        lambda d: d["credentialSubject"]["@context"][0].update(nullifiers=LISTED),
    ],
)
def test_other_spellings_of_the_same_claims_verify(
    old_stamp: Document, verified: Verified, change: Callable[[Document], object]
) -> None:
    """A list of one and its element are the same graph; contexts that add nothing are harmless."""
    before = verified(old_stamp)
    change(old_stamp)
    assert verified(old_stamp) == before


def same_graph(stamp: Document) -> list[Document]:
    """Other documents with the graph that was signed: the attacks that the profile is for."""
    plain = {"provider": TEXT, "hash": TEXT}
    other = {"@id": TEXT, "@container": "@set"}
    return [
        # The two literals exchanged.
        replaced(stamp, plain, provider="v0.0.0:one", hash="Google"),
        # A graph is a set: a repeated statement makes a fresh nullifier of the provider's name,
        # and the claimed one is in a member that the service does not read.
        replaced(
            stamp, {**plain, "other": TEXT}, provider="Google", hash="Google", other="v0.0.0:one"
        ),
        # The same with nullifiers that are not a list.
        replaced(
            stamp,
            {**plain, "nullifiers": other},
            provider="Google",
            nullifiers=["Google", "v0.0.0:one"],
        ),
        replaced(
            stamp,
            {**plain, "nullifiers": TEXT},
            provider="Google",
            hash="v0.0.0:one",
            nullifiers=["Google"],
        ),
        replaced(stamp, {"nullifiers": other}, nullifiers=["v0.0.0:one", "Google"]),
        # Claims that are mapped to null, next to the signed ones under other names.
        replaced(
            stamp,
            {"hash": None, "provider": TEXT, "other": TEXT},
            provider="Google",
            hash="v0.0.0:forged",
            other="v0.0.0:one",
        ),
        # A claim that is nested away, or is a keyword.
        replaced(
            stamp,
            {**plain, "nest": "@nest"},
            provider="Google",
            nest={"hash": "v0.0.0:one"},
        ),
        replaced(
            stamp,
            {**plain, "nullifiers": {"@id": TEXT, "@container": "@index"}},
            provider="Google",
            nullifiers={"v0:forged": "v0.0.0:one"},
        ),
        # A context of its own for a claim, or one that isn't inherited.
        replaced(
            stamp,
            {**plain, "hash": {"@id": TEXT, "@context": {"x": "https://example.org/x"}}},
            provider="Google",
            hash="v0.0.0:one",
        ),
        replaced(stamp, [plain, {"@propagate": True}], provider="Google", hash="v0.0.0:one"),
        replaced(
            stamp,
            {"s": "https://schema.org/", "provider": "s:Text", "hash": "s:Text"},
            provider="Google",
            hash="v0.0.0:one",
        ),
        # The subject in two places.
        {
            **stamp,
            "credentialSubject": [
                replaced(stamp, plain, provider="Google")["credentialSubject"],
                replaced(stamp, plain, hash="v0.0.0:one")["credentialSubject"],
            ],
        },
        # More members that mean nothing.
        {**stamp, "credentialStatus": []},
    ]


@pytest.mark.parametrize("attack", range(13))
def test_another_document_with_the_signed_graph_is_refused(
    old_stamp: Document, refusal: Refusal, attack: int
) -> None:
    """A stamp rewritten into another with the same graph, whose signature holds, is refused."""
    rewritten = same_graph(old_stamp)[attack]
    assert graph(rewritten) == graph(old_stamp)
    assert refusal(rewritten) in ("profile_violated", "claim_not_covered", "claim_malformed")


def test_iris_cant_pose_as_several_statements(old_stamp: Document, refusal: Refusal) -> None:
    """A subject's id that holds the end of its own statement and another one is refused."""
    subject = old_stamp["credentialSubject"]
    subject["id"] += f'> <{TEXT}> "Google" .\n<{subject["id"]}'
    assert refusal(old_stamp) == "profile_violated"


PLAIN = {"provider": TEXT, "hash": TEXT}
HOSTILE_CONTEXTS: list[object] = [
    None,
    TEXT,
    [],
    [PLAIN, PLAIN],
    ["https://w3id.org/security/v2"],
    {**PLAIN, "hash": "https://schema.org/Text> "},
    {**PLAIN, "hash": "@id"},
    {**PLAIN, "hash": "@type"},
    {**PLAIN, "hash": "urn:x"},
    {**PLAIN, "hash": {"@id": TEXT}},
    {**PLAIN, "hash": {"@id": TEXT, "@type": "@json"}},
    {**PLAIN, "hash": {"@reverse": TEXT}},
    {**PLAIN, "hash": LISTED},
    {**PLAIN, "id": "@id"},
    {**PLAIN, "@vocab": "https://schema.org/"},
    {**PLAIN, "@base": "https://schema.org/"},
    {**PLAIN, "@version": 1.1},
    {**PLAIN, "@import": "https://w3id.org/security/v2"},
    {**PLAIN, "@protected": True},
    {**PLAIN, "did": "https://example.org/"},
    {**PLAIN, "nullifiers": TEXT},
    {**PLAIN, "nullifiers": {**LISTED, "@type": "@id"}},
    {**PLAIN, "nullifiers": {"@id": TEXT, "@container": "@set"}},
    {**PLAIN, "nullifiers": {"@id": "relative", "@container": "@list"}},
    {**PLAIN, "nullifiers": {"@id": None, "@container": "@list"}},
]


@pytest.mark.parametrize("context", HOSTILE_CONTEXTS, ids=ascii)
def test_the_subjects_context_only_names_its_claims(
    old_stamp: Document, refusal: Refusal, context: object
) -> None:
    """A context that does more than map the three claims to IRIs is refused."""
    old_stamp["credentialSubject"]["@context"] = context
    assert refusal(old_stamp) == "profile_violated"


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("profile_violated", lambda d: d.update(extra="x")),
        ("profile_violated", lambda d: d.update(id="urn:x")),
        ("profile_violated", lambda d: d.update(evidence=[{}] * 8)),
        ("profile_violated", lambda d: d.update({"@graph": []})),
        ("profile_violated", lambda d: d["proof"].update(nonce="x")),
        ("profile_violated", lambda d: d["proof"].update({"@context": {}})),
        ("profile_violated", lambda d: d["@context"].append("https://example.org/")),
        ("profile_violated", lambda d: d["@context"].append({"x": "https://example.org/"})),
        ("profile_violated", lambda d: d["@context"].append(None)),
        ("profile_violated", lambda d: d["type"].append("Stamp")),
        ("profile_violated", lambda d: d["credentialSubject"].update(extra="x")),
        ("profile_violated", lambda d: d["credentialSubject"].update(type="x")),
        ("profile_violated", lambda d: d["credentialSubject"].update(id="_:b0")),
        ("profile_violated", lambda d: d["credentialSubject"].pop("@context")),
        ("claim_not_covered", lambda d: d["credentialSubject"].update(nullifiers=["v0:x"])),
        ("claim_not_covered", lambda d: d["credentialSubject"].update(hash="one")),
        ("claim_not_covered", lambda d: d["credentialSubject"].update(provider="v1:x")),
        ("signature_mismatch", lambda d: d["credentialSubject"].update(provider="Github")),
        ("signature_mismatch", lambda d: d["credentialSubject"].update(hash="v0.0.0:two")),
        ("signature_mismatch", lambda d: d["credentialSubject"].pop("hash")),
        ("signature_mismatch", lambda d: d.update(expirationDate="2099-01-01T00:00:00Z")),
        ("signature_mismatch", lambda d: d.update(issuanceDate="2025-01-01T00:00:00Z")),
        ("signature_mismatch", lambda d: d["proof"].update(created="2025-01-01T00:00:00Z")),
    ],
)
def test_one_change_is_refused(
    old_stamp: Document, refusal: Refusal, code: str, change: Callable[[Document], object]
) -> None:
    """Members that stamps don't have, no context covers, or that are unsigned are refused."""
    change(old_stamp)
    assert refusal(old_stamp) == code


def encoded(text: str) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def with_header(jws: str, header: str) -> str:
    """The signature with another header."""
    return f"{header}..{jws.partition('..')[2]}"


@pytest.mark.parametrize(
    "change",
    [
        lambda jws: None,
        lambda jws: 7,
        lambda jws: "",
        lambda jws: jws.replace("..", "."),
        lambda jws: jws.replace("..", ".payload."),
        lambda jws: jws + "=",
        lambda jws: jws[:-1],
        lambda jws: jws[:-1] + "_",
        lambda jws: jws + "ä",
        lambda jws: jws.replace("..", "..!"),
        lambda jws: with_header(jws, ""),
        lambda jws: with_header(jws, "%%%%"),
        lambda jws: with_header(jws, encoded("no JSON")),
        lambda jws: with_header(jws, encoded('{"alg":"none","b64":false,"crit":["b64"]}')),
        lambda jws: with_header(jws, encoded('{"alg":"EdDSA"}')),
        lambda jws: with_header(jws, encoded("[" * 10_000)),
        lambda jws: with_header(jws, encoded('"\ud7ff"').replace("_", "-")),
        lambda jws: with_header(jws, "Iv8i"),
    ],
)
def test_the_signature_has_one_spelling(
    old_stamp: Document, refusal: Refusal, change: Callable[[str], object]
) -> None:
    """A signature that isn't detached, has another header, or other digits is refused."""
    old_stamp["proof"]["jws"] = change(old_stamp["proof"]["jws"])
    assert refusal(old_stamp) == "signature_malformed"


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_signature_of_another_size_doesnt_verify(
    old_stamp: Document, refusal: Refusal, size: int
) -> None:
    """Ed25519 signatures have 64 bytes."""
    header = old_stamp["proof"]["jws"].partition("..")[0]
    old_stamp["proof"]["jws"] = f"{header}..{encoded('x' * size)}"
    assert refusal(old_stamp) == "signature_mismatch"


def test_the_header_may_be_spelled_otherwise(old_stamp: Document, refusal: Refusal) -> None:
    """Another spelling of the header is another signed text, not a malformed one."""
    header = encoded('{"b64": false, "crit": ["b64"], "alg": "EdDSA"}')
    old_stamp["proof"]["jws"] = with_header(old_stamp["proof"]["jws"], header)
    assert refusal(old_stamp) == "signature_mismatch"


def test_a_did_key_of_another_kind_is_refused(old_stamp: Document, refusal: Refusal) -> None:
    """A did:key of an X25519 key can't have signed anything."""
    fragment = "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"
    old_stamp["issuer"] = f"did:key:{fragment}"
    old_stamp["proof"]["verificationMethod"] = f"did:key:{fragment}#{fragment}"
    assert refusal(old_stamp) == "issuer_unresolvable"


def test_a_part_without_a_meaning_is_refused() -> None:
    """A document that makes fewer statements than it has parts isn't covered by its graph."""
    document = {"@context": bundled_context(STATUS_LIST_2021)["@context"], "unknown": "x"}
    with pytest.raises(ProfileViolated, match="no meaning"):
        canonical_form(document, statements=1)


def test_contexts_that_dont_fit_are_refused() -> None:
    """A context that JSON-LD itself refuses makes the document refused, not the service fail."""
    with pytest.raises(ProfileViolated, match="fit"):
        canonical_form({"@context": {"x": 7}, "x": "y"}, statements=1)


def test_line_breaks_in_a_claim_make_no_statements(
    old_stamp: Document, seed: bytes, verified: Verified
) -> None:
    """Text that looks like the end of a line or of a statement stays text."""
    old_stamp["credentialSubject"]["provider"] = 'a"\u2028\x0b\x85\r\n<b> <c> "d" .\n\\'
    claims = verified(json.loads(json.dumps(signed_ed25519(seed, old_stamp))))
    assert claims.provider == old_stamp["credentialSubject"]["provider"]
