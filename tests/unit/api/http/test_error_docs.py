"""The documented errors follow from the classes that can be raised."""

from __future__ import annotations

import msgspec

from passport_scorer.api.http.error_docs import error_responses
from passport_scorer.api.http.error_help import help_of
from passport_scorer.api.http.errors import Detail, InvalidRequest, NoScore, Problems
from passport_scorer.auth.api_keys import WrongSecret
from passport_scorer.auth.peer_limits import TooManyCalls
from passport_scorer.auth.rate_limits import RateLimited
from passport_scorer.domain.addresses import InvalidAddress
from passport_scorer.domain.api_key import InvalidApiKey
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.pagination import InvalidLimit
from passport_scorer.domain.score_history import NoScoreFound
from passport_scorer.domain.submissions import TooManyStamps


def test_a_429() -> None:
    """Its status, sentence, explanation and header all come from the class."""
    (response,) = error_responses([RateLimited])
    assert response.status == 429
    assert response.example == Detail("You have been rate limited!")
    assert response.description == help_of(RateLimited).meaning
    assert response.headers.keys() == {"Retry-After"}


def test_errors_of_one_status_share_a_response() -> None:
    """Each is listed with its sentence; the first makes the example."""
    address, missing = error_responses([ScorerNotFound, InvalidAddress, InvalidLimit])
    assert (address.status, missing.status) == (400, 404)
    assert address.example == Detail("Invalid address.")
    first, second = address.description.splitlines()
    assert first.startswith("- `Invalid address.`: The address is not a valid Ethereum address")
    assert second == "- `Invalid limit.`: `limit` is not between 1 and 1000."


def test_a_body_that_says_more_describes_its_status() -> None:
    """Lists of problems and scores that do not exist have types of their own."""
    for errors, body in (
        ([ScorerNotFound, NoScoreFound], NoScore),
        ([TooManyStamps, InvalidRequest], Problems),
    ):
        (response,) = error_responses(errors)
        assert response.body is body
        assert isinstance(response.example, body)
        plain = msgspec.json.encode(Detail("a sentence alone"))
        assert msgspec.json.decode(plain, type=body)


def test_what_must_look_alike_is_one_error() -> None:
    """A wrong secret is an unknown key; a peer's limit is the limit of a key."""
    (unauthorized, limited) = error_responses(
        [WrongSecret, InvalidApiKey, TooManyCalls, RateLimited]
    )
    assert unauthorized.example == Detail("Invalid API Key.")
    assert limited.description == help_of(RateLimited).meaning
