"""Which API keys can be used."""

from datetime import UTC, datetime, timedelta

import pytest

from passport_scorer.domain.api_key import ApiKey

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("revoked", "expiry_date", "usable"),
    [
        (False, None, True),
        (True, None, False),
        (False, NOW + MOMENT, True),
        (False, NOW, False),
        (False, NOW - MOMENT, False),
        (True, NOW + MOMENT, False),
    ],
)
def test_a_key_is_usable_until_it_expires_or_is_revoked(
    revoked: bool, expiry_date: datetime | None, usable: bool
) -> None:
    """A revoked key is never usable, any other up to the instant of its expiry."""
    key = ApiKey(
        key_id="1",
        hashed_key="sha256$",
        hashed_key_sha256=None,
        revoked=revoked,
        expiry_date=expiry_date,
        read_scores=True,
        historical_endpoint=False,
        rate_limit=None,
        analysis_rate_limit=None,
    )
    assert key.is_usable(NOW) is usable
