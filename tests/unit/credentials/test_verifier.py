"""The verdict on whole credentials: what is read, and what is refused at each step."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from passport_scorer.credentials.verifier import Step, verify
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.tools.demo.signing import signed_ed25519, signed_eip712

Verified = Callable[[object], Credential]
Refusal = Callable[[object], str]
Document = dict[str, Any]


def test_a_genuine_stamp_passes_every_step(stamp: Document, now: datetime) -> None:
    """A stamp as they are issued today verifies; each step is reported in order."""
    passed: list[Step] = []
    claims = verify(json.dumps(stamp).encode(), now, passed.append)
    assert passed == list(Step)
    assert claims == Credential(
        issuer=stamp["issuer"],
        subject_id=stamp["credentialSubject"]["id"],
        provider="Google",
        nullifiers=("v0:one", "v1:two"),
        has_nullifiers=True,
        expiration_date="2026-02-18T13:12:09Z",
        expires_at=datetime(2026, 2, 18, 13, 12, 9, tzinfo=UTC),
    )


def test_an_older_stamp_passes_every_step(old_stamp: Document, now: datetime) -> None:
    """A stamp of the older suite verifies; its hash is its only nullifier."""
    passed: list[Step] = []
    claims = verify(json.dumps(old_stamp), now, passed.append)
    assert passed == list(Step)
    assert (claims.nullifiers, claims.has_nullifiers) == (("v0.0.0:one",), False)


CHANGES: list[tuple[Step, str, Callable[[Document], object]]] = [
    (Step.DATA_MODEL, "not_a_credential", lambda d: d.pop("@context")),
    (
        Step.DATA_MODEL,
        "not_a_credential",
        lambda d: d["@context"].insert(0, "https://example.org/"),
    ),
    (Step.DATA_MODEL, "not_a_credential", lambda d: d["@context"].clear()),
    (Step.DATA_MODEL, "not_a_credential", lambda d: d.update(type=["Stamp"])),
    (Step.DATA_MODEL, "not_a_credential", lambda d: d.pop("type")),
    (Step.ENVELOPE, "not_a_credential", lambda d: d.pop("issuer")),
    (Step.ENVELOPE, "not_a_credential", lambda d: d.update(issuer={"id": d["issuer"]})),
    (Step.ENVELOPE, "date_malformed", lambda d: d.pop("issuanceDate")),
    (Step.ENVELOPE, "date_malformed", lambda d: d.pop("expirationDate")),
    (Step.ENVELOPE, "date_malformed", lambda d: d.update(expirationDate=4102444800)),
    (
        Step.APPLICABLE,
        "date_malformed",
        lambda d: d["proof"].update(created="2025-01-01t00:00:00Z"),
    ),
    (Step.PROOF, "proof_malformed", lambda d: d.pop("proof")),
    (Step.PROOF, "proof_malformed", lambda d: d.update(proof=[])),
    (Step.PROOF, "proof_malformed", lambda d: d.update(proof=[d["proof"], d["proof"]])),
    (Step.PROOF, "proof_malformed", lambda d: d.update(proof="x")),
    (Step.PROOF, "suite_unknown", lambda d: d["proof"].pop("type")),
    (Step.PROOF, "suite_unknown", lambda d: d["proof"].update(type=["x"])),
    (Step.PROOF, "suite_unknown", lambda d: d["proof"].update(type="DataIntegrityProof")),
    (Step.APPLICABLE, "proof_not_applicable", lambda d: d["proof"].pop("proofPurpose")),
    (Step.APPLICABLE, "proof_not_applicable", lambda d: d["proof"].pop("verificationMethod")),
    (
        Step.APPLICABLE,
        "proof_not_applicable",
        lambda d: d["proof"].update(verificationMethod=d["issuer"] + "#delegate"),
    ),
    (Step.APPLICABLE, "date_malformed", lambda d: d["proof"].pop("created")),
    (
        Step.APPLICABLE,
        "proof_in_the_future",
        lambda d: d["proof"].update(created="2098-01-01T00:00:00Z"),
    ),
    (Step.CLAIMS, "claim_malformed", lambda d: d.pop("credentialSubject")),
    (
        Step.CLAIMS,
        "claim_malformed",
        lambda d: d.update(credentialSubject=[d["credentialSubject"]]),
    ),
    (Step.CLAIMS, "claim_malformed", lambda d: d["credentialSubject"].pop("id")),
    (Step.CLAIMS, "claim_malformed", lambda d: d["credentialSubject"].update(id=7)),
    (Step.CLAIMS, "claim_malformed", lambda d: d["credentialSubject"].update(provider=None)),
    (Step.CLAIMS, "claim_malformed", lambda d: d["credentialSubject"].update(hash=["v0:x"])),
    (Step.CLAIMS, "claim_malformed", lambda d: d["credentialSubject"].update(nullifiers="v0:x")),
    (Step.CLAIMS, "claim_malformed", lambda d: d["credentialSubject"].update(nullifiers=[7])),
    (Step.CLAIMS, "claim_malformed", lambda d: d["credentialSubject"].update(nullifiers=None)),
    (
        Step.CLAIMS,
        "claim_malformed",
        lambda d: d["credentialSubject"].update(nullifiers=["v0:x"] * 65),
    ),
]


@pytest.mark.parametrize("suite", ["stamp", "old_stamp"])
@pytest.mark.parametrize(("step", "code", "change"), CHANGES)
def test_each_change_is_refused_at_its_step(
    suite: str,
    step: Step,
    code: str,
    change: Callable[[Document], object],
    request: pytest.FixtureRequest,
    now: datetime,
) -> None:
    """One thing changed, and the credential is refused, in either suite, for that reason."""
    document = request.getfixturevalue(suite)
    change(document)
    passed: list[Step] = []
    with pytest.raises(VerificationFailed) as refused:
        verify(json.dumps(document), now, passed.append)
    assert (refused.value.code, passed) == (code, list(Step)[: list(Step).index(step)])


def test_only_the_future_is_a_transient_refusal(stamp: Document, now: datetime) -> None:
    """A proof from the future is refused until its time has come, and then verifies."""
    created = datetime(2025, 11, 20, 13, 12, 9, 615000, tzinfo=UTC)
    with pytest.raises(VerificationFailed) as early:
        verify(json.dumps(stamp), created - timedelta(microseconds=1))
    assert early.value.transient
    assert verify(json.dumps(stamp), created).provider == "Google"
    stamp["issuer"] = None
    with pytest.raises(VerificationFailed) as broken:
        verify(json.dumps(stamp), now)
    assert not broken.value.transient


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(credentialStatus=None),
        lambda d: d.update(proof=[d["proof"]]),
        lambda d: d.update(issuanceDate=d["issuanceDate"].replace("Z", ".000000Z")),
        lambda d: d["proof"].update(created="2025-11-20T14:12:09.615000+01:00"),
    ],
)
@pytest.mark.parametrize("suite", ["stamp", "old_stamp"])
def test_other_spellings_of_the_same_document_verify(
    suite: str,
    change: Callable[[Document], object],
    request: pytest.FixtureRequest,
    verified: Verified,
) -> None:
    """A null status, a list of one proof, and other digits of a date change nothing."""
    document = request.getfixturevalue(suite)
    change(document)
    assert verified(document).provider == "Google"


def test_expiry_is_not_looked_at(stamp: Document, private_key: bytes, verified: Verified) -> None:
    """An expired credential verifies: whether it still counts is decided when scoring."""
    stamp["expirationDate"] = "2020-01-01T00:00:00+02:00"
    claims = verified(signed_eip712(private_key, stamp))
    assert claims.expiration_date == "2020-01-01T00:00:00+02:00"
    assert claims.expires_at == datetime(2019, 12, 31, 22, tzinfo=UTC)


def with_subject_types(stamp: Document, **types: str) -> Document:
    """The stamp with other fields in the type of its subject."""
    fields = stamp["proof"]["eip712Domain"]["types"]["CredentialSubject"]
    fields += [{"name": name, "type": type_name} for name, type_name in types.items()]
    return stamp


def test_without_nullifiers_the_hash_counts(
    stamp: Document, private_key: bytes, verified: Verified
) -> None:
    """An empty list of nullifiers next to a hash counts as missing."""
    stamp["credentialSubject"].update(nullifiers=[], hash="v0.0.0:x")
    claims = verified(signed_eip712(private_key, with_subject_types(stamp, hash="string")))
    assert (claims.nullifiers, claims.has_nullifiers) == (("v0.0.0:x",), False)


def test_with_nullifiers_the_hash_doesnt_count(
    stamp: Document, private_key: bytes, verified: Verified
) -> None:
    """Nullifiers win over a hash."""
    stamp["credentialSubject"].update(hash="v0.0.0:x")
    claims = verified(signed_eip712(private_key, with_subject_types(stamp, hash="string")))
    assert (claims.nullifiers, claims.has_nullifiers) == (("v0:one", "v1:two"), True)


def test_a_credential_without_claims_has_none(
    stamp: Document, private_key: bytes, verified: Verified
) -> None:
    """A credential may lack a provider and nullifiers; the caller decides what that means."""
    del stamp["credentialSubject"]["provider"]
    del stamp["credentialSubject"]["nullifiers"]
    claims = verified(signed_eip712(private_key, stamp))
    assert (claims.provider, claims.nullifiers, claims.has_nullifiers) == (None, (), False)


def test_an_empty_list_without_a_hash_is_not_a_nullifier(
    stamp: Document, private_key: bytes, verified: Verified
) -> None:
    """A credential that lists no nullifier has none."""
    stamp["credentialSubject"]["nullifiers"] = []
    claims = verified(signed_eip712(private_key, stamp))
    assert (claims.nullifiers, claims.has_nullifiers) == ((), True)


def test_a_signature_is_of_one_suite(
    stamp: Document, old_stamp: Document, refusal: Refusal
) -> None:
    """A proof that calls itself another suite is refused."""
    stamp["proof"]["type"] = "Ed25519Signature2018"
    old_stamp["proof"]["type"] = "EthereumEip712Signature2021"
    assert refusal(stamp) == "issuer_unresolvable"
    assert refusal(old_stamp) == "proof_not_applicable"


def test_another_key_of_the_same_kind_doesnt_verify(
    stamp: Document, old_stamp: Document, private_key: bytes, seed: bytes, refusal: Refusal
) -> None:
    """A credential that another issuer signed in this issuer's name is refused."""
    assert refusal(signed_eip712(private_key[::-1], stamp)) == "signature_mismatch"
    assert refusal(signed_ed25519(seed[::-1], old_stamp)) == "signature_mismatch"
