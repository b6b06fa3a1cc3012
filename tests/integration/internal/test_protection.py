"""Which internal endpoints ask for the token."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from passport_scorer.api.internal.routes import INTERNAL_ENDPOINTS
from passport_scorer.settings.model import Settings

from .conftest import Internal, internal_on

TOKEN = "the-internal-token"
# Source: docs/rules/authentication.md, "The internal network".
EXEMPT = {
    "/internal/embed/weights",
    "/internal/embed/config",
    "/internal/embed/score/{scorer_id}/{address}",
    "/internal/embed/validate-api-key",
}


@pytest.fixture
async def protected(database_url: str) -> AsyncIterator[Internal]:
    """The internal application with a token."""
    settings = Settings(cgrants_api_token=TOKEN)
    async with internal_on(database_url, settings) as application:
        yield application


async def answers(protected: Internal, *tokens: str) -> dict[str, httpx.Response]:
    """Return each endpoint's answer to these tokens."""
    headers = [("Authorization", token) for token in tokens]
    return {
        endpoint.path: await protected.client.request(
            endpoint.method, endpoint.path, headers=headers
        )
        for endpoint in INTERNAL_ENDPOINTS
    }


@pytest.mark.parametrize("tokens", [[], [TOKEN + "x"], [f"Bearer {TOKEN}"], [TOKEN, TOKEN]])
async def test_all_but_four_ask_for_the_token(protected: Internal, tokens: list[str]) -> None:
    """Whatever else is wrong with a call, without the token it is Unauthorized."""
    found = await answers(protected, *tokens)
    unauthorized = {
        path for path, answer in found.items() if answer.json() == {"detail": "Unauthorized"}
    }
    assert unauthorized == set(found) - EXEMPT
    assert all(found[path].status_code == 401 for path in unauthorized)


async def test_the_token_opens_them(protected: Internal) -> None:
    """With the token, no endpoint answers Unauthorized."""
    found = await answers(protected, TOKEN)
    assert not [path for path, answer in found.items() if "Unauthorized" in answer.text]
