"""Outcomes of calls are counted, by kind."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from passport_scorer.auth.api_keys import ApiKeys, PresentedKey
from passport_scorer.auth.key_hashes import sha256_hash
from passport_scorer.auth.rate_limits import RateLimits
from passport_scorer.auth.usage_log import BatchedUsageAnalytics
from passport_scorer.credentials.verdict_cache import VerdictCache
from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.domain.api_key import ApiKey, InvalidApiKey
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.tools.demo.signing import sign_eip712
from tests.support.counting import Counting
from tests.support.usage import CALL

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PRESENTED = PresentedKey("abc", "abc.secret")


def stored(key: str, *, revoked: bool = False) -> ApiKey:
    """A stored key with its SHA-256 hash."""
    return ApiKey(
        key_id="1",
        hashed_key="",
        hashed_key_sha256=sha256_hash(key),
        expiry_date=None,
        revoked=revoked,
        rate_limit=None,
        read_scores=True,
        historical_endpoint=False,
        analysis_rate_limit=None,
    )


def now() -> datetime:
    """The time."""
    return NOW


@pytest.fixture
async def absent_database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database that isn't there."""
    database = Database(DatabaseSettings(f"postgresql://nobody@/nothing?host={tmp_path}"))
    await database.open()
    yield database
    await database.close()


async def test_checks_of_keys(absent_database: Database) -> None:
    """Good, wrong and unknown keys are counted apart."""
    metrics = Counting()
    keys = ApiKeys(absent_database, now, metrics)
    await keys.authenticate(PRESENTED, stored("abc.secret"))
    for other in (stored("abc.other"), stored("abc.secret", revoked=True), None):
        with pytest.raises(InvalidApiKey):
            await keys.authenticate(PRESENTED, other)
    await keys.close()
    assert metrics.counted == {
        ("api_key_checks_total", "sha256"): 1,
        ("api_key_checks_total", "wrong"): 1,
        ("api_key_checks_total", "unknown"): 2,
    }


async def test_decisions_about_rates() -> None:
    """Allowed, exceeded and unlimited calls are counted apart."""
    metrics = Counting()
    limits = RateLimits(metrics=metrics)
    for limit in ("1/1h", "1/1h", None):
        await limits.count("abc", "api", limit)
    assert metrics.counted == {
        ("rate_limit_decisions_total", "allowed"): 1,
        ("rate_limit_decisions_total", "exceeded"): 1,
        ("rate_limit_decisions_total", "unlimited"): 1,
    }


async def test_usage_that_is_lost(absent_database: Database) -> None:
    """Rows for which there is no room are counted when they are given up."""
    metrics = Counting()
    analytics = BatchedUsageAnalytics(absent_database, capacity=3, metrics=metrics)
    for _ in range(5):
        analytics.record(CALL)
    await analytics.flush()
    assert metrics.counted == {("usage_rows_dropped_total",): 2}


def test_cached_credentials() -> None:
    """A cached verdict is a hit, also if it is a rejection."""
    metrics = Counting()
    cache = VerdictCache(100_000, metrics)
    for _ in range(3):
        with pytest.raises(VerificationFailed):
            cache.verify("{}", NOW)
    assert metrics.counted == {
        ("credential_cache_misses_total",): 1,
        ("credential_cache_hits_total",): 2,
    }


@pytest.mark.parametrize("trusts_copies", [True, False])
def test_registered_credentials(trusts_copies: bool) -> None:
    """A registered copy vouches for a signature, which is neither verified nor cached; or not."""
    metrics = Counting()
    cache = VerdictCache(100_000, metrics, trusts_copies=trusts_copies)
    stamp = sign_eip712(
        bytes(31) + b"\x07",
        address="0x4f0f596e6fafa901f0a803b18a9713964742bcaf",
        provider="Google",
        nullifiers=["v0:a"],
        issued_at=NOW,
        expires_at=NOW,
    )
    for _ in range(2):
        cache.verify(json.dumps(stamp), NOW, is_registered=True)
    vouched = {("signatures_vouched_total",): 2}
    verified = {
        ("credential_cache_misses_total",): 1,
        ("credential_cache_hits_total",): 1,
        ("signatures_verified_total", "EthereumEip712Signature2021"): 1,
    }
    assert metrics.counted == (vouched if trusts_copies else verified)
