"""RSA keys in settings: PEM, or PEM in base64.

Source: docs/rules/authentication.md, "Access tokens"; RFC 7468 (PEM); RFC 7518, section 3.3 (size).
"""

import base64
import binascii

_MIN_BITS = 2048
_MARKS = ("-----BEGIN ", "---- BEGIN ", "ssh-", "ecdsa-")


def pem_text(text: str) -> str:
    r"""Return PEM that is given as it is, with `\n` for line ends, or in base64.

    Raises:
        ValueError: any other text.
    """
    if "-----BEGIN " in text:
        return text.replace("\\n", "\n").strip() + "\n"
    try:
        decoded = base64.b64decode("".join(text.split()), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    if "-----BEGIN " not in decoded:
        raise ValueError("neither PEM nor PEM in base64")
    return decoded.strip() + "\n"


def public_key_pem(text: str) -> str:
    """Return the PEM of an RSA public key.

    Raises:
        ValueError: any other text, or a key shorter than 2048 bits.
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    pem = pem_text(text)
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey) or key.key_size < _MIN_BITS:
        raise ValueError("no RSA public key of 2048 bits or more")
    return pem


def private_key_pem(text: str) -> str:
    """Return the PEM of an RSA private key without a passphrase.

    Raises:
        ValueError: any other text, or a key shorter than 2048 bits.
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = pem_text(text)
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError as error:
        raise ValueError("a passphrase is needed") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < _MIN_BITS:
        raise ValueError("no RSA private key of 2048 bits or more")
    return pem


def is_key(text: str) -> bool:
    """Return True for a key of a public-key algorithm, in any encoding.

    Such a text must never be used as a shared secret, because the public key is known.
    """
    if any(mark in text for mark in _MARKS):
        return True
    try:
        decoded = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return any(mark.encode() in decoded for mark in _MARKS) or _is_der_public_key(decoded)


def _is_der_public_key(octets: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True
