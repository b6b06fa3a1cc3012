"""The recorded access tokens belong to the addresses they were issued for."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from passport_scorer.auth.jwt_access_tokens import AccessTokens, InvalidAccessToken, TokenKeys
from tests.support.recordings import GOLDEN

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SECRET = "peer-secret-key-for-golden-recording-0123456789"


@pytest.fixture(scope="module")
def fixtures() -> Any:
    """Return the recorded addresses and tokens."""
    return json.loads((GOLDEN / "fixtures.json").read_text())


@pytest.fixture(scope="module")
def tokens() -> AccessTokens:
    """Return a verifier with the recorded configuration."""
    public_key = (GOLDEN / "siwe_public.pem").read_text()
    return AccessTokens(TokenKeys(public_key=public_key, secret=SECRET), lambda: NOW)


@pytest.mark.parametrize("kind", ["rs256", "hs256"])
def test_good_tokens(fixtures: Any, tokens: AccessTokens, kind: str) -> None:
    """Each token verifies as its address."""
    made = fixtures["tokens"][kind]
    assert made
    for name, token in made.items():
        assert tokens.address_of(token) == fixtures["addresses"][name]["address"].lower()


def test_bad_tokens(tokens: AccessTokens) -> None:
    """Tokens that the recorded deployment rejected are rejected."""
    lines = (GOLDEN / "exchanges.jsonl").read_text().splitlines()
    exchanges = [json.loads(line) for line in lines]
    refused = [
        exchange["headers"]["Authorization"].removeprefix("Bearer ")
        for exchange in exchanges
        if exchange["path"].startswith("/ceramic-cache/score/")
        and exchange["status"] == 401
        and exchange["headers"].get("Authorization", "").startswith("Bearer ")
    ]
    assert len(refused) > 5
    for token in refused:
        with pytest.raises(InvalidAccessToken):
            tokens.address_of(token)
