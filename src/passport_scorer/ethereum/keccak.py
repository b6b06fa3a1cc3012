"""Keccak-256, the hash function of Ethereum: Keccak before it was standardized as SHA-3.

Source: the Ethereum Yellow Paper, "Notation" (KEC).
"""

from sha3 import keccak_256


def keccak(octets: bytes) -> bytes:
    """Return the 32 bytes of Keccak-256."""
    digest: bytes = keccak_256(octets).digest()
    return digest
