"""A credential taken apart: what is signed, by whom, and the proof of it.

Source: Verifiable Credentials Data Model 1.1; specification, credentials.md.
"""

from datetime import datetime
from typing import Any

import msgspec

from passport_scorer.credentials.contexts import CREDENTIALS_V1
from passport_scorer.credentials.dates import Timestamp, timestamp
from passport_scorer.credentials.errors import (
    DateMalformed,
    NotACredential,
    ProofInTheFuture,
    ProofMalformed,
    ProofNotApplicable,
)


class Envelope(msgspec.Struct, frozen=True):
    """What is signed.

    Attributes:
        document: the credential without `proof`, and without a `credentialStatus` of null.
        issuer: the DID of who issued it, as written.
        issuance_date: of the member `issuanceDate`.
        expiration_date: of the member `expirationDate`.
    """

    document: dict[str, Any]
    issuer: str
    issuance_date: Timestamp
    expiration_date: Timestamp


class SecuredDocument(msgspec.Struct, frozen=True):
    """What is signed, and a proof that its issuer made to assert it.

    Attributes:
        envelope: what is signed.
        proof: the only proof, as in the document.
        created: of the member `proof.created`.
    """

    envelope: Envelope
    proof: dict[str, Any]
    created: Timestamp


def check_data_model(document: dict[str, Any]) -> None:
    """Refuse what isn't a credential of data model 1.1.

    Raises:
        NotACredential: the first `@context` is another, or `type` lacks `VerifiableCredential`.
    """
    if _listed(document.get("@context"))[:1] != [CREDENTIALS_V1]:
        raise NotACredential("The first `@context` isn't that of Verifiable Credentials v1.")
    if "VerifiableCredential" not in _listed(document.get("type")):
        raise NotACredential("`type` lacks VerifiableCredential.")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def read_envelope(document: dict[str, Any]) -> Envelope:
    """Who issued the document, when, and until when.

    Raises:
        NotACredential: `issuer` isn't a string.
        DateMalformed: one of the two dates isn't there or is none.
    """
    issuer = document.get("issuer")
    if not isinstance(issuer, str):
        raise NotACredential("`issuer` is missing or isn't a string.")
    signed = {name: value for name, value in document.items() if name != "proof"}
    if signed.get("credentialStatus", ...) is None:
        del signed["credentialStatus"]
    return Envelope(
        document=signed,
        issuer=issuer,
        issuance_date=timestamp("issuanceDate", document.get("issuanceDate")),
        expiration_date=timestamp("expirationDate", document.get("expirationDate")),
    )


def only_proof(document: dict[str, Any]) -> dict[str, Any]:
    """The one proof of the document: an object, or a list of one.

    Raises:
        ProofMalformed: there is none, there are several, or it is no object.
    """
    proofs = _listed(document.get("proof"))
    if len(proofs) != 1 or not isinstance(proofs[0], dict):
        raise ProofMalformed("The credential doesn't have exactly one proof.")
    return proofs[0]


def applicable(
    envelope: Envelope, proof: dict[str, Any], verification_method: str, now: datetime
) -> SecuredDocument:
    """The document with its proof, if the issuer made that to assert it, and not after `now`.

    `verification_method` is the only one that the issuer's DID has.

    Raises:
        ProofNotApplicable: another purpose or verification method.
        DateMalformed: `created` isn't there or is no date (with a capital T).
        ProofInTheFuture: it was created after `now` (which time will change).
    """
    if proof.get("proofPurpose") != "assertionMethod":
        raise ProofNotApplicable("The proof's purpose isn't assertionMethod.")
    if proof.get("verificationMethod") != verification_method:
        raise ProofNotApplicable("The proof's verification method isn't the issuer's.")
    created = timestamp("created", proof.get("created"))
    if "t" in created.written:
        raise DateMalformed("`created` has a small t.")
    if created.instant > now:
        raise ProofInTheFuture
    return SecuredDocument(envelope, proof, created)
