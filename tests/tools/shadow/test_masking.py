"""Masking of values in reports."""

from __future__ import annotations

from typing import Any

import pytest

from passport_scorer.tools.shadow.comparison.differences import ABSENT, Difference, DifferenceKind
from passport_scorer.tools.shadow.comparison.json_values import json_value
from passport_scorer.tools.shadow.comparison.rules import Part
from passport_scorer.tools.shadow.masking import Masking, secrets_of
from passport_scorer.tools.shadow.rules import read_rulebook

MASKING = Masking(read_rulebook([]))
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJkaWQiOiJ4In0.c2lnbmF0dXJl"
KEY = "Abcd1234.a-secret-of-some-length"


def shown(pointer: str, control: Any, candidate: Any = ABSENT, part: Part = Part.BODY) -> str:
    """Return both sides of a difference, masked."""
    difference = Difference(part, pointer, pointer, DifferenceKind.VALUE, control, candidate)
    return " ".join(MASKING.values(difference))


@pytest.mark.parametrize(
    ("pointer", "secret"),
    [
        ("/access", "a-token"),
        ("/nonce", "abcdef"),
        ("/items/0/credential/proof/proofValue", "0xsig"),
        ("/stamps/1/stamp/credentialSubject/hash", "a-hash"),
        ("/1/proof_value", "0xsig"),
        ("/headers/X-Real-Ip", "192.0.2.1"),
    ],
)
def test_places_of_secrets(pointer: str, secret: str) -> None:
    """Secrets are masked, but equality remains visible."""
    text = shown(pointer, secret, secret + "!")
    assert secret not in text
    assert shown(pointer, secret, secret).split("›")[0] in shown(pointer, secret, secret)
    assert len({part for part in shown(pointer, secret, secret).split("‹") if part.strip()}) <= 2


def test_secrets_inside_shown_values() -> None:
    """A missing page is shown without its credentials."""
    page = json_value('{"items": [{"version": "1.0.0", "credential": {"proof": "0xsig"}}]}')
    text = shown("", page)
    assert "0xsig" not in text
    assert "1.0.0" in text


@pytest.mark.parametrize(
    "secret",
    [
        JWT,
        KEY,
        "sha256$0123456789abcdef",
        "pbkdf2_sha256$600000$salt$aGFzaA==",
        "0x" + "ab" * 65,
        "postgresql://user:password@host/database",
        "v0.0.0:bm90IGEgbnVsbGlmaWVyIGF0IGFsbA==",
    ],
)
def test_texts_that_look_like_secrets(secret: str) -> None:
    """Keys, tokens, hashes, signatures and URLs with passwords are masked anywhere."""
    assert secret not in shown("/detail", f"It was {secret}, you know.")
    assert "password" not in shown("/detail", f"It was {secret}, you know.")


def test_harmless_values() -> None:
    """Scores, addresses and messages are not masked."""
    address = "0x" + "ab" * 20
    assert shown("/score", "21.31100", None) == '"21.31100" null'
    assert address in shown("/address", address)
    assert shown("/x", "a", ABSENT) == '"a" (nothing)'


def test_secrets_of_the_request() -> None:
    """A key repeated in a response is masked, with and without its scheme."""
    known = secrets_of([("authorization", "Bearer short-one"), ("Accept", "any")])
    assert known == ["Bearer short-one", "short-one"]
    difference = Difference(Part.BODY, "/d", "/d", DifferenceKind.VALUE, "no short-one here", "x")
    assert "short-one" not in " ".join(MASKING.values(difference, known))


def test_paths() -> None:
    """Values of unknown query parameters are masked."""
    path = MASKING.path("/v2/stamps/1/score/0xab?created_at=2026-01-01&api_key=secret&limit=5")
    assert path == "/v2/stamps/1/score/0xab?created_at=2026-01-01&api_key=***&limit=5"


def test_strange_texts() -> None:
    """Texts that are not valid UTF-8 are escaped, and long ones shortened."""
    assert shown("/x", "\ud800").startswith('"\\ud800"')
    assert len(shown("/x", "y" * 5000)) < 400


def test_rows() -> None:
    """A row is described by its key, masked."""
    text = MASKING.row({"nonce": "abcdef", "community_id": json_value("1")})
    assert "abcdef" not in text
    assert text.endswith("community_id 1")
