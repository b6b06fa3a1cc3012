"""What errors say in headers."""

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
    """The caller is told what may be presented; a wrong secret gets what no key gets."""
    response = error_response(error)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].partition(" ")[0] == scheme


def test_a_compressed_body_is_told_what_is_taken() -> None:
    """As RFC 9110, 15.5.16 has it."""
    response = error_response(UnsupportedEncoding())
    assert (response.status_code, response.headers["Accept-Encoding"]) == (415, "identity")
