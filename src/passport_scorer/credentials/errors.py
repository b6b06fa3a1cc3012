"""Why a credential is refused: one class for each kind of reason."""

from typing import ClassVar

from passport_scorer.domain.errors import PassportScorerError


class CredentialRefused(PassportScorerError):
    """The credential doesn't verify.

    `transient` is True where time alone may change the verdict; such a refusal must not be
    remembered. Messages may quote names from the document, shortened; never whole documents.
    """

    code: ClassVar[str] = "credential_refused"
    transient: ClassVar[bool] = False


class DocumentUnreadable(CredentialRefused):
    """The document isn't a JSON object within the bounds on size and depth."""

    code = "document_unreadable"


class NotACredential(CredentialRefused):
    """The document isn't a Verifiable Credential of data model 1.1."""

    code = "not_a_credential"


class DateMalformed(CredentialRefused):
    """A date is missing or isn't written as RFC 3339 says."""

    code = "date_malformed"


class ProofMalformed(CredentialRefused):
    """The credential doesn't have exactly one proof with the members that its suite needs."""

    code = "proof_malformed"


class SuiteUnknown(CredentialRefused):
    """The proof is of a signature suite that no stamp has."""

    code = "suite_unknown"


class ProofNotApplicable(CredentialRefused):
    """The proof wasn't made by the issuer to assert the credential."""

    code = "proof_not_applicable"


class ProofInTheFuture(CredentialRefused):
    """The proof was created in the future."""

    code = "proof_in_the_future"
    transient = True


class IssuerUnresolvable(CredentialRefused):
    """The issuer's DID doesn't tell the key that the suite needs."""

    code = "issuer_unresolvable"


class ClaimMalformed(CredentialRefused):
    """A claim that the service reads isn't of the form that it must have."""

    code = "claim_malformed"


class ClaimNotCovered(CredentialRefused):
    """The signature doesn't cover a claim that the service reads."""

    code = "claim_not_covered"


class TypesRefused(CredentialRefused):
    """The EIP-712 types of the proof are ambiguous, incomplete or out of bounds."""

    code = "types_refused"


class MessageUnfit(CredentialRefused):
    """The credential doesn't fit the EIP-712 types of its proof."""

    code = "message_unfit"


class ProfileViolated(CredentialRefused):
    """The document isn't written as a stamp of the suite Ed25519Signature2018 is."""

    code = "profile_violated"


class SignatureMalformed(CredentialRefused):
    """The signature isn't written as the suite says."""

    code = "signature_malformed"


class SignatureMismatch(CredentialRefused):
    """The signature isn't the issuer's over this document."""

    code = "signature_mismatch"


def shortened(name: object) -> str:
    """A name from the document, fit to be quoted in a message: 40 characters, all printable."""
    return ascii(name)[:40]
