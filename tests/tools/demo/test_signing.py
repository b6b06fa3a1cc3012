"""Stamps of the demo have valid signatures."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from passport_scorer.credentials.verifier import verify
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.tools.demo.signing import (
    issuer_did,
    issuer_did_key,
    sign_ed25519,
    sign_eip712,
    signed_eip712,
)

KEY = bytes(31) + b"\x07"
ADDRESS = "0x4f0f596e6fafa901f0a803b18a9713964742bcaf"
ISSUED_AT = datetime(2025, 11, 20, 13, 12, 9, 615000, tzinfo=UTC)
EXPIRES_AT = datetime(2026, 2, 18, 13, 12, 9, tzinfo=UTC)
NOW = datetime(2025, 12, 1, tzinfo=UTC)


def new_stamp() -> dict[str, Any]:
    """Return a stamp in the current format."""
    return sign_eip712(
        KEY,
        address=ADDRESS,
        provider="Google",
        nullifiers=["v0:a", "v1:b"],
        issued_at=ISSUED_AT,
        expires_at=EXPIRES_AT,
    )


def test_a_new_stamp_verifies() -> None:
    """A stamp signed with EIP-712 verifies, and its claims are the signed ones."""
    assert verify(json.dumps(new_stamp()), NOW) == Credential(
        issuer=issuer_did(KEY),
        subject_id=f"did:pkh:eip155:1:{ADDRESS}",
        provider="Google",
        nullifiers=("v0:a", "v1:b"),
        has_nullifiers=True,
        expiration_date="2026-02-18T13:12:09Z",
        expires_at=EXPIRES_AT,
    )


def test_another_implementation_signs_the_same() -> None:
    """The signature equals that of eth-account for the same message and key."""
    stamp = new_stamp()
    signature = stamp["proof"].pop("proofValue")
    typed_data = stamp["proof"].pop("eip712Domain")
    signable = encode_typed_data(full_message={**typed_data, "message": stamp})
    assert signature == "0x" + Account.sign_message(signable, KEY).signature.hex()


def test_an_old_stamp_verifies() -> None:
    """A stamp signed with Ed25519 verifies, and its hash is its only nullifier."""
    seed = bytes(32)
    stamp = sign_ed25519(
        seed,
        address=ADDRESS,
        provider="Google",
        nullifier_hash="v0.0.0:a",
        issued_at=ISSUED_AT,
        expires_at=EXPIRES_AT,
    )
    claims = verify(json.dumps(stamp), NOW)
    assert (claims.issuer, claims.nullifiers) == (issuer_did_key(seed), ("v0.0.0:a",))
    assert not claims.has_nullifiers


def test_signing_is_deterministic() -> None:
    """The same arguments yield the same stamp."""
    assert new_stamp() == new_stamp()


def test_what_no_verifier_would_accept_isnt_signed() -> None:
    """A document that does not match its types is rejected before signing."""
    stamp = new_stamp()
    stamp["extra"] = 1
    with pytest.raises(VerificationFailed):
        signed_eip712(KEY, stamp)
