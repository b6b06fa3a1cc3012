"""The headers of error responses."""

from __future__ import annotations

import pytest

from passport_scorer.api.http.errors import Unauthorized, UnsupportedEncoding
from passport_scorer.api.http.responses import error_response
from passport_scorer.auth.api_keys import WrongSecret
from passport_scorer.auth.jwt_access_tokens import InvalidAccessToken
from passport_scorer.domain.api_key import InvalidApiKey


@pytest.mark.parametrize(
    ("error", "scheme"),
    [
        (Unauthorized(), "InternalToken"),
        (InvalidAccessToken(), "Bearer"),
        (InvalidApiKey(), "ApiKey"),
        (WrongSecret(), "ApiKey"),
    ],
)
def test_a_401_names_a_scheme(error: Exception, scheme: str) -> None:
    """The header names an accepted scheme; a wrong secret looks like a missing key."""
    response = error_response(error)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].partition(" ")[0] == scheme


def test_a_415_names_the_supported_encoding() -> None:
    """Source: RFC 9110, 15.5.16."""
    response = error_response(UnsupportedEncoding())
    assert (response.status_code, response.headers["Accept-Encoding"]) == (415, "identity")
