"""Why signed data does not verify: one class for each kind of reason."""

from passport_scorer.domain.errors import VerificationFailed


class IssuerUnresolvable(VerificationFailed):
    """The issuer's DID doesn't tell the key that the suite needs."""

    code = "issuer_unresolvable"


class TypesRefused(VerificationFailed):
    """The EIP-712 types of the proof are ambiguous, incomplete or out of bounds."""

    code = "types_refused"


class MessageUnfit(VerificationFailed):
    """The credential doesn't fit the EIP-712 types of its proof."""

    code = "message_unfit"


class SignatureMalformed(VerificationFailed):
    """The signature isn't written as the suite says."""

    code = "signature_malformed"


class SignatureMismatch(VerificationFailed):
    """The signature isn't the issuer's over this document."""

    code = "signature_mismatch"


def shortened(name: object) -> str:
    """A name from the document, fit to be quoted in a message: 40 characters, all printable."""
    return ascii(name)[:40]
