"""The digest of a signed message."""

from eth_account.messages import _hash_eip191_message, encode_defunct

from passport_scorer.ethereum.eip191 import signed_message_digest


def test_digests_are_those_of_other_software() -> None:
    """The length that is part of it counts bytes, not characters."""
    for text in ("", "Sign in", "Grüße", "a" * 1000):
        assert signed_message_digest(text) == _hash_eip191_message(encode_defunct(text=text))
