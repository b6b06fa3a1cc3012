"""The hash function of Ethereum: Keccak as it was before it became SHA-3.

Source: the Ethereum Yellow Paper, "Notation" (KEC).
"""

from sha3 import keccak_256


def keccak(octets: bytes) -> bytes:
    """The 32 bytes of Keccak-256."""
    digest: bytes = keccak_256(octets).digest()
    return digest
