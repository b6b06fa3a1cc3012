"""The parts of a credential: the signed document, its issuer, and the proof.

Source: Verifiable Credentials Data Model 1.1; docs/rules/credentials.md, "The form of a stamp".
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
    """The signed part of a credential.

    Attributes:
        document: the credential without `proof`, and without a `credentialStatus` of null.
        issuer: the DID of the issuer, as written.
        issuance_date: the member `issuanceDate`.
        expiration_date: the member `expirationDate`.
    """

    document: dict[str, Any]
    issuer: str
    issuance_date: Timestamp
    expiration_date: Timestamp


class SecuredDocument(msgspec.Struct, frozen=True):
    """The signed part of a credential, and a proof that its issuer made to assert it.

    Attributes:
        envelope: the signed part.
        proof: the only proof, as in the document.
        created: the member `proof.created`.
    """

    envelope: Envelope
    proof: dict[str, Any]
    created: Timestamp

    @property
    def has_usual_dates(self) -> bool:
        """True if its three dates have the spelling of issuers, which all verifiers hash alike."""
        envelope = self.envelope
        return (
            self.created.is_usual
            and envelope.issuance_date.is_usual
            and envelope.expiration_date.is_usual
        )


def check_data_model(document: dict[str, Any]) -> None:
    """Reject documents that are not credentials of data model 1.1.

    Raises:
        NotACredential: the first `@context` is different, or `type` lacks `VerifiableCredential`.
    """
    if _listed(document.get("@context"))[:1] != [CREDENTIALS_V1]:
        raise NotACredential("The first `@context` isn't that of Verifiable Credentials v1.")
    if "VerifiableCredential" not in _listed(document.get("type")):
        raise NotACredential("`type` lacks VerifiableCredential.")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def read_envelope(document: dict[str, Any]) -> Envelope:
    """Return the signed part of a document, with its issuer and its two dates.

    Raises:
        NotACredential: `issuer` is not a string.
        DateMalformed: one of the two dates is missing or invalid.
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
    """Return the only proof of the document: an object, or a list of one.

    Raises:
        ProofMalformed: no proof, several proofs, or a proof that is not an object.
    """
    proofs = _listed(document.get("proof"))
    if len(proofs) != 1 or not isinstance(proofs[0], dict):
        raise ProofMalformed("The credential doesn't have exactly one proof.")
    return proofs[0]


def applicable(
    envelope: Envelope, proof: dict[str, Any], verification_method: str, now: datetime
) -> SecuredDocument:
    """Return the document with its proof, if the issuer made it to assert the document.

    Args:
        envelope: the signed part of the document.
        proof: its only proof.
        verification_method: the only verification method of the issuer's DID.
        now: aware.

    Raises:
        ProofNotApplicable: the proof has a different purpose or verification method.
        DateMalformed: `created` is missing or is not a date (with a capital T).
        ProofInTheFuture: it was created after `now`; time changes this.
    """
    if proof.get("proofPurpose") != "assertionMethod":
        raise ProofNotApplicable("The proof's purpose isn't assertionMethod.")
    if proof.get("verificationMethod") != verification_method:
        raise ProofNotApplicable("The proof's verification method isn't the issuer's.")
    created = timestamp("created", proof.get("created"))
    if "t" in created.written:
        raise DateMalformed("`created` has a lower-case `t`.")
    if created.instant > now:
        raise ProofInTheFuture
    return SecuredDocument(envelope, proof, created)
