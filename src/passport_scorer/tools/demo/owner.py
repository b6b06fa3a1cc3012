"""The owner of a demo address, who signs in, and the keys that sign access tokens there."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

SITE = "app.example.org"
"""The domain for sign-in messages in the demo, reserved by RFC 2606."""


def new_token_keys() -> tuple[str, str]:
    """Return a new private key and its public key, PEM, used until the demo stops."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
