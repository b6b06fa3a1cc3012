"""A presented key must be the stored one, and usable."""

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from passport_scorer.auth.api_keys import ApiKeys, PresentedKey, WrongSecret
from passport_scorer.auth.key_hashes import sha256_hash
from passport_scorer.db.database import Database
from passport_scorer.domain.api_key import ApiKey, InvalidApiKey
from tests.support.captured_logs import capture_logs

KEY = "abc.secret"
PRESENTED = PresentedKey("abc", KEY)
DERIVED = base64.b64encode(hashlib.pbkdf2_hmac("sha256", KEY.encode(), b"salt", 1)).decode()
SLOW_HASH = f"pbkdf2_sha256$1$salt${DERIVED}"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def api_keys(absent_database: Database, now: datetime) -> AsyncIterator[ApiKeys]:
    """Return the authenticator of keys; its database is unreachable."""
    keys = ApiKeys(absent_database, lambda: now)
    yield keys
    await keys.close()


def row(**changes: Any) -> ApiKey:
    """The stored key, migrated and usable, except for these changes."""
    columns: dict[str, Any] = {
        "key_id": "1",
        "hashed_key": SLOW_HASH,
        "hashed_key_sha256": sha256_hash(KEY),
        "revoked": False,
        "expiry_date": None,
        "read_scores": True,
        "historical_endpoint": False,
        "rate_limit": None,
        "analysis_rate_limit": None,
    }
    return ApiKey(**{**columns, **changes})


@pytest.mark.parametrize(
    "stored",
    [
        row(),
        row(hashed_key="md5$unknown"),
        row(expiry_date=NOW + timedelta(microseconds=1)),
        row(hashed_key_sha256=None, hashed_key=sha256_hash(KEY)),
        row(hashed_key_sha256=None),
    ],
    ids=["fast", "fast beside an unknown one", "not yet expired", "fast in the old column", "slow"],
)
async def test_the_right_key_is_let_in(api_keys: ApiKeys, stored: ApiKey) -> None:
    """A usable key that one of its hashes was made of is the stored one."""
    assert await api_keys.authenticate(PRESENTED, stored) is stored


@pytest.mark.parametrize(
    "stored",
    [None, row(revoked=True), row(expiry_date=NOW), row(expiry_date=NOW - timedelta(days=1))],
    ids=["unknown", "revoked", "expiring now", "expired"],
)
async def test_an_unusable_key_is_refused(api_keys: ApiKeys, stored: ApiKey | None) -> None:
    """A key that is unknown, revoked or expired is refused although its secret is right."""
    with pytest.raises(InvalidApiKey, match=r"^Invalid API Key\.$") as refused:
        await api_keys.authenticate(PRESENTED, stored)
    assert not isinstance(refused.value, WrongSecret)


@pytest.mark.parametrize(
    "stored",
    [
        row(hashed_key_sha256=sha256_hash("abc.other")),
        row(hashed_key_sha256=""),
        row(hashed_key_sha256="md5$unknown"),
        row(hashed_key_sha256=None, hashed_key=sha256_hash("abc.other")),
        row(hashed_key_sha256=None, hashed_key=SLOW_HASH.replace("salt", "pepper")),
        row(hashed_key_sha256=None, hashed_key="md5$unknown"),
        row(hashed_key_sha256=None, hashed_key=""),
    ],
)
async def test_a_wrong_secret_looks_like_any_other_failure(
    api_keys: ApiKeys, stored: ApiKey
) -> None:
    """SHA-256 decides alone; without it, PBKDF2; an unknown format never matches."""
    with pytest.raises(WrongSecret, match=r"^Invalid API Key\.$"):
        await api_keys.authenticate(PRESENTED, stored)


async def test_an_unknown_format_is_logged_without_the_hash(api_keys: ApiKeys) -> None:
    """The log names the prefix of the key, and neither the hash nor the secret."""
    with capture_logs() as logs, pytest.raises(WrongSecret):
        await api_keys.authenticate(PRESENTED, row(hashed_key_sha256=None, hashed_key="md5$x"))
    assert logs == [
        {"event": "unknown_hash_format", "log_level": "warning", "api_key_prefix": "abc"}
    ]


async def test_an_answer_does_not_depend_on_storing_the_sha256_hash(
    absent_database: Database, now: datetime
) -> None:
    """A key passes although its SHA-256 hash can't be stored, which is logged without hashes."""
    api_keys = ApiKeys(absent_database, lambda: now)
    with capture_logs() as logs:
        await api_keys.authenticate(PRESENTED, row(hashed_key_sha256=None))
        await api_keys.close()
    assert logs == [
        {
            "event": "sha256_hash_not_stored",
            "log_level": "warning",
            "api_key_prefix": "abc",
            "reason": "database_unavailable",
        }
    ]
