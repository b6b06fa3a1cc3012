"""Signed messages: the digest that a wallet signs for a text. Source: EIP-191, version 0x45."""

from passport_scorer.ethereum.keccak import keccak


def signed_message_digest(text: str) -> bytes:
    """Return the 32 bytes that are signed for a text (UTF-8)."""
    octets = text.encode()
    return keccak(b"\x19Ethereum Signed Message:\n%d" % len(octets) + octets)
