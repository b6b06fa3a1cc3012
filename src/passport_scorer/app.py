"""The composition root: settings -> pool -> services."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from limits.aio.storage import Storage

from passport_scorer.auth.access_tokens import AccessTokens, TokenKeys
from passport_scorer.auth.api_keys import ApiKeys, DemoKey
from passport_scorer.auth.contract_wallets import ContractWallets
from passport_scorer.auth.ethereum_node import EthereumNode
from passport_scorer.auth.nonces import Nonces
from passport_scorer.auth.rate_limits import RateLimits
from passport_scorer.auth.shared_counts import shared_counts
from passport_scorer.auth.sign_in import SignIn
from passport_scorer.auth.usage_analytics import (
    BatchedUsageAnalytics,
    NoUsageAnalytics,
    UsageAnalytics,
)
from passport_scorer.catalogue.source import CatalogueSource
from passport_scorer.credentials.verified_cache import VerifiedCredentials
from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.domain.human_points import PointsPolicy
from passport_scorer.domain.scoring import ScoringPolicy
from passport_scorer.domain.stamps import StampPolicy
from passport_scorer.scoring.road import ScoringRoad
from passport_scorer.scoring.stamp_reader import StampReader
from passport_scorer.scoring.stamp_store import StampStore
from passport_scorer.services import Services
from passport_scorer.settings import Settings


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@asynccontextmanager
async def running_services(settings: Settings, database_url: str) -> AsyncIterator[Services]:
    """Put the services together, keep them running, and let them finish their work at the end.

    Args:
        settings: what the operator decided.
        database_url: where PostgreSQL is; `settings.database_url`, or the embedded server.

    Raises:
        DatabaseUnavailable: the URL can't be used.
    """
    database = Database(database_settings(settings, database_url))
    await database.open()
    analytics: UsageAnalytics = (
        BatchedUsageAnalytics(database) if settings.api_analytics else NoUsageAnalytics()
    )
    writing = asyncio.create_task(analytics.run())
    try:
        async with shared_counts(settings.rate_limit_redis_url) as counts:
            services = _services(settings, database, analytics, counts)
            try:
                yield services
            finally:
                await services.api_keys.close()
            await services.sign_in.close()
    finally:
        analytics.stop()
        await writing
        await database.close()


def database_settings(settings: Settings, database_url: str) -> DatabaseSettings:
    """Return how the pool reaches PostgreSQL."""
    return DatabaseSettings(
        url=database_url,
        pool_size=settings.database_pool_size,
        prepared_statements=settings.database_prepared_statements,
    )


def _services(
    settings: Settings, database: Database, analytics: UsageAnalytics, counts: Storage | None
) -> Services:
    policy = ScoringPolicy(
        StampPolicy(settings.trusted_iam_issuers, settings.multi_nullifier),
        PointsPolicy(
            shown=settings.human_points_enabled,
            written=settings.human_points_write_enabled,
            starts_at=settings.human_points_start,
            limited_lists=settings.human_points_mta_enabled,
        ),
    )
    capacity = settings.remembered_stamps
    stamps = StampReader(VerifiedCredentials(capacity), capacity)
    road = ScoringRoad(database, stamps, policy, utc_now)
    tokens = _access_tokens(settings)
    nonces = Nonces(database, utc_now)
    return Services(
        database=database,
        road=road,
        stamp_store=StampStore(database, road, utc_now),
        api_keys=ApiKeys(database, utc_now),
        demo_key=DemoKey(settings.demo_api_key, settings.demo_api_key_aliases),
        demo_scorer_id=settings.demo_api_scorer_id,
        default_scorer_id=settings.ceramic_cache_scorer_id,
        internal_token=settings.cgrants_api_token,
        routing_header=settings.routing_header,
        shows_points=settings.human_points_enabled,
        catalogue=CatalogueSource(settings.passport_public_url, time.monotonic),
        access_tokens=tokens,
        nonces=nonces,
        sign_in=SignIn(nonces, tokens, settings.siwe_allowed_domains, _wallets(settings), utc_now),
        rate_limits=RateLimits(utc_now, counts),
        usage_analytics=analytics,
    )


def _access_tokens(settings: Settings) -> AccessTokens:
    keys = TokenKeys(
        public_key=settings.siwe_jwt_public_key,
        private_key=settings.siwe_jwt_private_key,
        secret=settings.jwt_secret,
    )
    return AccessTokens(keys, utc_now)


def _wallets(settings: Settings) -> ContractWallets | None:
    url = settings.ethereum_rpc_url
    return ContractWallets(EthereumNode(url)) if url else None
