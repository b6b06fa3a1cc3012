"""The reasons to reject a credential: one class for each kind."""

from passport_scorer.domain.errors import VerificationFailed


class DocumentUnreadable(VerificationFailed):
    """The document isn't a JSON object within the bounds on size and depth."""

    code = "document_unreadable"


class NotACredential(VerificationFailed):
    """The document isn't a Verifiable Credential of data model 1.1."""

    code = "not_a_credential"


class DateMalformed(VerificationFailed):
    """A date is missing or isn't an RFC 3339 date."""

    code = "date_malformed"


class ProofMalformed(VerificationFailed):
    """The credential doesn't have exactly one proof with the members that its suite needs."""

    code = "proof_malformed"


class SuiteUnknown(VerificationFailed):
    """The signature suite of the proof is not supported."""

    code = "suite_unknown"


class ProofNotApplicable(VerificationFailed):
    """The proof wasn't made by the issuer to assert the credential."""

    code = "proof_not_applicable"


class ProofInTheFuture(VerificationFailed):
    """The proof was created in the future."""

    code = "proof_in_the_future"
    transient = True


class ClaimMalformed(VerificationFailed):
    """A claim that the service reads has an unexpected type."""

    code = "claim_malformed"


class ClaimNotCovered(VerificationFailed):
    """The signature doesn't cover a claim that the service reads."""

    code = "claim_not_covered"


class ProfileViolated(VerificationFailed):
    """The document doesn't have the form of stamps of the suite Ed25519Signature2018."""

    code = "profile_violated"
