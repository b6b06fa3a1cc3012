"""Why a credential is refused: one class for each kind of reason."""

from passport_scorer.domain.errors import VerificationFailed


class DocumentUnreadable(VerificationFailed):
    """The document isn't a JSON object within the bounds on size and depth."""

    code = "document_unreadable"


class NotACredential(VerificationFailed):
    """The document isn't a Verifiable Credential of data model 1.1."""

    code = "not_a_credential"


class DateMalformed(VerificationFailed):
    """A date is missing or isn't written as RFC 3339 says."""

    code = "date_malformed"


class ProofMalformed(VerificationFailed):
    """The credential doesn't have exactly one proof with the members that its suite needs."""

    code = "proof_malformed"


class SuiteUnknown(VerificationFailed):
    """The proof is of a signature suite that no stamp has."""

    code = "suite_unknown"


class ProofNotApplicable(VerificationFailed):
    """The proof wasn't made by the issuer to assert the credential."""

    code = "proof_not_applicable"


class ProofInTheFuture(VerificationFailed):
    """The proof was created in the future."""

    code = "proof_in_the_future"
    transient = True


class ClaimMalformed(VerificationFailed):
    """A claim that the service reads isn't of the form that it must have."""

    code = "claim_malformed"


class ClaimNotCovered(VerificationFailed):
    """The signature doesn't cover a claim that the service reads."""

    code = "claim_not_covered"


class ProfileViolated(VerificationFailed):
    """The document isn't written as a stamp of the suite Ed25519Signature2018 is."""

    code = "profile_violated"
