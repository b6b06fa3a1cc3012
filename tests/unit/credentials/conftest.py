"""Genuine stamps, signed by keys of our own."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from passport_scorer.credentials.verifier import verify
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.tools.demo.signing import sign_ed25519, sign_eip712

ADDRESS = "0x4f0f596e6fafa901f0a803b18a9713964742bcaf"
ISSUED_AT = datetime(2025, 11, 20, 13, 12, 9, 615000, tzinfo=UTC)
EXPIRES_AT = datetime(2026, 2, 18, 13, 12, 9, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """A time after the stamps were signed."""
    return datetime(2025, 12, 1, tzinfo=UTC)


@pytest.fixture
def private_key() -> bytes:
    """The secp256k1 key of the issuer."""
    return bytes(31) + b"\x07"


@pytest.fixture
def seed() -> bytes:
    """The Ed25519 key of the issuer."""
    return bytes(31) + b"\x09"


@pytest.fixture
def stamp(private_key: bytes) -> dict[str, Any]:
    """A stamp as they are issued today."""
    return sign_eip712(
        private_key,
        address=ADDRESS,
        provider="Google",
        nullifiers=["v0:one", "v1:two"],
        issued_at=ISSUED_AT,
        expires_at=EXPIRES_AT,
    )


@pytest.fixture
def old_stamp(seed: bytes) -> dict[str, Any]:
    """A stamp of the older suite, with a hash."""
    return sign_ed25519(
        seed,
        address=ADDRESS,
        provider="Google",
        nullifier_hash="v0.0.0:one",
        issued_at=ISSUED_AT,
        expires_at=EXPIRES_AT,
    )


@pytest.fixture
def verified(now: datetime) -> Callable[[object], Credential]:
    """Verifies a document (not text), at the time `now`."""
    return lambda document: verify(json.dumps(document), now)


@pytest.fixture
def refusal(now: datetime) -> Callable[[object], str]:
    """The code with which a document (not text) is refused at the time `now`."""

    def code(document: object) -> str:
        with pytest.raises(VerificationFailed) as refused:
            verify(json.dumps(document), now)
        return refused.value.code

    return code
