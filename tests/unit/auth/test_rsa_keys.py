"""RSA keys are read as settings hold them, and never taken for secrets."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from passport_scorer.auth.rsa_keys import is_key, private_key_pem, public_key_pem

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024)


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """The PEM of its public half."""
    return (
        key.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode("ascii")
    )


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """Its PEM."""
    octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return octets.decode("ascii")


PUBLIC, PRIVATE = public_pem(KEY), private_pem(KEY)
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())


def in_base64(text: str) -> str:
    """A text in base64."""
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "write",
    [
        lambda pem: pem,
        lambda pem: pem.strip(),
        lambda pem: pem.replace("\n", "\\n"),
        in_base64,
        lambda pem: "\n".join([in_base64(pem)[:70], in_base64(pem)[70:]]),
    ],
)
def test_ways_to_write_a_key(write: object) -> None:
    """PEM, PEM with written line feeds, and base64 of PEM are the same key."""
    assert callable(write)
    assert public_key_pem(write(PUBLIC)) == PUBLIC
    assert private_key_pem(write(PRIVATE)) == PRIVATE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hush-hush",
        "ümläut",
        in_base64("hush-hush"),
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----",
        PRIVATE,
        public_pem(SHORT),
        public_pem(ELLIPTIC),
    ],
)
def test_no_public_key(text: str) -> None:
    """Anything but an RSA public key of 2048 bits is refused."""
    with pytest.raises(ValueError, match=r"."):
        public_key_pem(text)


@pytest.mark.parametrize(
    "text",
    [
        "hush-hush",
        PUBLIC,
        PRIVATE[:200],
        private_pem(SHORT),
        private_pem(ELLIPTIC),
        KEY.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"phrase")
        ).decode(),
    ],
)
def test_no_private_key(text: str) -> None:
    """Anything but an RSA private key of 2048 bits without a passphrase is refused."""
    with pytest.raises(ValueError, match=r"."):
        private_key_pem(text)


@pytest.mark.parametrize(
    "text",
    [
        PUBLIC,
        PRIVATE,
        PUBLIC.replace("\n", " "),
        "x" + PUBLIC,
        in_base64(PUBLIC),
        KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
        "".join(PUBLIC.splitlines()[1:-1]),
        "\n".join(PUBLIC.splitlines()[1:-1]),
        public_pem(ELLIPTIC),
        ed25519.Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        .decode(),
    ],
    ids=[
        "public",
        "private",
        "on one line",
        "after a letter",
        "in base64",
        "of OpenSSH",
        "bare",
        "bare, in lines",
        "elliptic",
        "of OpenSSH, Ed25519",
    ],
)
def test_keys_are_recognised(text: str) -> None:
    """A public key is one however it is written: PEM, OpenSSH, DER in base64."""
    assert is_key(text)


@pytest.mark.parametrize("text", ["hush-hush", "ümläut", in_base64("hush-hush"), "a" * 64, ""])
def test_secrets_are_not_keys(text: str) -> None:
    """A secret is not a key, even if it looks like base64."""
    assert not is_key(text)
