"""The errors of the Ethereum standards: one class for each cause."""

from passport_scorer.domain.errors import VerificationFailed


class IssuerUnresolvable(VerificationFailed):
    """The issuer's DID does not contain the key that the suite needs."""

    code = "issuer_unresolvable"


class TypesRefused(VerificationFailed):
    """The EIP-712 types of the proof are ambiguous, incomplete or out of bounds."""

    code = "types_refused"


class MessageUnfit(VerificationFailed):
    """The credential does not match the EIP-712 types of its proof."""

    code = "message_unfit"


class SignatureMalformed(VerificationFailed):
    """The signature is not encoded as the suite requires."""

    code = "signature_malformed"


class SignatureMismatch(VerificationFailed):
    """The signature is not the issuer's signature of this document."""

    code = "signature_mismatch"


class NodeFailed(Exception):
    """An Ethereum node can't be reached or fails; the message does not contain its URL."""


class CallFailed(NodeFailed):
    """An Ethereum node answered with an error: the call reverted, or the node rejects it."""


class NoSuchTime(ValueError):
    """The text is not an RFC 3339 time, or names a time that does not exist."""


def shortened(name: object) -> str:
    """Return a name from the document for a message: up to 40 printable characters."""
    return ascii(name)[:40]
