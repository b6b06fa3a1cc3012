"""Verification of a credential: from its text to the claims that its issuer signed.

The steps, in order; each raises an error if it fails:

1. The text is a JSON object within bounds.
2. It is a Verifiable Credential of data model 1.1.
3. It names its issuer, and its two dates are valid.
4. It has one proof, of a supported signature suite.
5. The issuer made that proof, to assert the credential, and not in the future.
6. Its claims have the expected types.
7. The signed data covers every claim that the service reads.
8. The signature is the issuer's.

Checked elsewhere, on every request: the issuer is trusted, the credential has not expired, it is
about this address, and it was not revoked.

Source: docs/rules/credentials.md, "Verification steps".
"""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from passport_scorer.credentials import ed25519_signature_2018, eip712_signature_2021
from passport_scorer.credentials.claims import read_claims
from passport_scorer.credentials.envelope import (
    SecuredDocument,
    applicable,
    check_data_model,
    only_proof,
    read_envelope,
)
from passport_scorer.credentials.errors import SuiteUnknown
from passport_scorer.credentials.parsing import read_document
from passport_scorer.credentials.usual_form import read_usual_form
from passport_scorer.domain.credential import Credential
from passport_scorer.ethereum.errors import shortened


class Step(Enum):
    """The steps of a verification, in order; the value is a sentence for users."""

    READ = "The text is a JSON object within the bounds on size and depth"
    DATA_MODEL = "It is a Verifiable Credential of data model 1.1"
    ENVELOPE = "It names its issuer, and its two dates are valid"
    PROOF = "It has one proof, of a supported signature suite"
    APPLICABLE = "The issuer made the proof, to assert the credential, and not in the future"
    CLAIMS = "Its claims have the expected types"
    COVERAGE = "The signed data covers every claim that the service reads"
    SIGNATURE = "The signature is the issuer's"


class Suite(NamedTuple):
    """The operations that differ between the signature suites."""

    verification_method: Callable[[str], str]
    signed_bytes: Callable[[SecuredDocument], bytes]
    check_signature: Callable[[SecuredDocument, bytes], None]


_SUITES = {
    suite.TYPE: Suite(suite.verification_method, suite.signed_bytes, suite.check_signature)
    for suite in (eip712_signature_2021, ed25519_signature_2018)
}


def _ignore(_event: object) -> None:
    """Do nothing."""


def verify(
    document: bytes | str,
    now: datetime,
    passed: Callable[[Step], None] = _ignore,
    good: Callable[[str], None] = _ignore,
) -> Credential:
    """Return the claims of a credential (JSON text), if its issuer signed every one of them.

    Args:
        document: the credential as it is stored or presented.
        now: aware; only a proof that was created after it is rejected.
        passed: called with each step that has passed.
        good: called with the suite of a good signature.

    Raises:
        VerificationFailed: it doesn't verify; the subclass says why. No document makes it raise
            anything else.
    """
    read = read_document(document)  # 1
    passed(Step.READ)
    credential, secured, suite = _claims(read, now, passed)  # 2 to 6
    signed = suite.signed_bytes(secured)  # 7
    passed(Step.COVERAGE)
    suite.check_signature(secured, signed)  # 8
    passed(Step.SIGNATURE)
    good(secured.proof["type"])
    return credential


def verify_registered(document: bytes | str, now: datetime) -> Credential | None:
    """Return the claims of a credential whose signature a scorer verified before.

    The verdict is that of `verify`, without its cost: the document isn't hashed, and no key is
    recovered from its signature. In the usual form, verifiers can't differ on either.

    Args:
        document: exactly the text that was verified before.
        now: see `verify`.

    Returns:
        None if it has another form and must be verified.

    Raises:
        VerificationFailed: see `verify`.
    """
    read = read_usual_form(document)  # 1 and 7
    if read is None:
        return None
    credential, secured, _ = _claims(read, now)  # 2 to 6
    if not secured.has_usual_dates:
        return None
    eip712_signature_2021.check_form(secured)  # 8, without the curve
    return credential


def _claims(
    read: dict[str, Any], now: datetime, passed: Callable[[Step], None] = _ignore
) -> tuple[Credential, SecuredDocument, Suite]:
    """Run the steps 2 to 6."""
    check_data_model(read)  # 2
    passed(Step.DATA_MODEL)
    envelope = read_envelope(read)  # 3
    passed(Step.ENVELOPE)
    proof = only_proof(read)  # 4
    suite = _suite_of(proof)
    passed(Step.PROOF)
    secured = applicable(envelope, proof, suite.verification_method(envelope.issuer), now)  # 5
    passed(Step.APPLICABLE)
    credential = read_claims(envelope)  # 6
    passed(Step.CLAIMS)
    return credential, secured, suite


def _suite_of(proof: dict[str, Any]) -> Suite:
    name = proof.get("type")
    suite = _SUITES.get(name) if isinstance(name, str) else None
    if suite is None:
        raise SuiteUnknown(f"The signature suite {shortened(name)} is not supported.")
    return suite
