"""The composition root: settings -> connection pool -> services."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from passport_scorer.auth.api_keys import ApiKeys, DemoKey
from passport_scorer.auth.jwt_access_tokens import AccessTokens, TokenKeys
from passport_scorer.auth.key_cache import KeyCache
from passport_scorer.auth.nonces import Nonces
from passport_scorer.auth.peer_limits import AnonymousWrites, FailedCalls
from passport_scorer.auth.rate_limits import CallStorage, RateLimits
from passport_scorer.auth.redis_storage import redis_storage
from passport_scorer.auth.sign_in import SignIn
from passport_scorer.auth.usage_log import (
    BatchedUsageAnalytics,
    NoUsageAnalytics,
    UsageAnalytics,
)
from passport_scorer.catalogue.client import CatalogueSource
from passport_scorer.credentials.verdict_cache import VerdictCache
from passport_scorer.db.database import Database
from passport_scorer.db.readiness import Readiness
from passport_scorer.domain.human_points import PointsPolicy
from passport_scorer.domain.stamps import StampPolicy
from passport_scorer.ethereum.eip1271 import ChainWallets, ContractWallets
from passport_scorer.ethereum.json_rpc import EthereumNode
from passport_scorer.scoring.score_cache import ScoreCache
from passport_scorer.scoring.service import ScoringService
from passport_scorer.scoring.snapshots import SnapshotLoader
from passport_scorer.scoring.stamp_store import StampStore
from passport_scorer.services import Services
from passport_scorer.settings.container_memory import (
    MEGABYTE,
    default_cache_memory,
    memory_limit,
)
from passport_scorer.settings.model import Settings
from passport_scorer.telemetry import NO_TELEMETRY, Telemetry
from passport_scorer.telemetry.logs import LINES
from passport_scorer.telemetry.metrics import NO_METRICS, Metrics
from passport_scorer.telemetry.traces import NO_TRACES, Traces


def utc_now() -> datetime:
    """Return the current time (aware)."""
    return datetime.now(UTC)


@asynccontextmanager
async def running_telemetry(
    settings: Settings, metrics: Metrics = NO_METRICS, *, traced: bool = False
) -> AsyncIterator[Telemetry]:
    """Set up traces and metrics; at the end, send the remaining traces.

    Args:
        settings: whether to trace, and where traces go.
        metrics: where metrics go.
        traced: True to trace unless the settings forbid it, and to hold each response until its
            trace has been sent, as on AWS Lambda.
    """
    telemetry = Telemetry(metrics, _traces(settings, metrics, traced=traced))
    LINES.metrics = metrics
    try:
        yield telemetry
    finally:
        await telemetry.traces.close()


def _traces(settings: Settings, metrics: Metrics, *, traced: bool) -> Traces:
    if settings.traces_enabled is False or not (settings.traces_enabled or traced):
        return NO_TRACES
    # A slow import, which processes without traces are spared.
    from passport_scorer.telemetry.open_telemetry import OpenTelemetryTraces, TraceSettings

    return OpenTelemetryTraces(
        TraceSettings(
            service_name=settings.traces_service_name,
            environment=settings.environment,
            sampling_rate=settings.traces_sampling_rate,
            url=settings.traces_target,
            is_awaited=traced,
        ),
        metrics=metrics,
    )


@asynccontextmanager
async def running_services(
    settings: Settings,
    database_url: str,
    telemetry: Telemetry = NO_TELEMETRY,
    *,
    database_class: type[Database] = Database,
) -> AsyncIterator[Services]:
    """Assemble the services and keep them running; at the end, let them finish their work.

    Args:
        settings: the settings.
        database_url: the URL of PostgreSQL: `settings.database_url`, or the embedded server.
        telemetry: where the services report.
        database_class: what runs the statements; tests of the shape of HTTP pass their own.
    """
    database = database_class(settings.database_at(database_url), telemetry)
    await database.open()
    analytics: UsageAnalytics = (
        BatchedUsageAnalytics(database, metrics=telemetry.metrics)
        if settings.api_analytics
        else NoUsageAnalytics()
    )
    writing = asyncio.create_task(analytics.run())
    try:
        async with redis_storage(settings.rate_limit_redis_url) as counts:
            services = _services(settings, database, analytics, counts, telemetry)
            try:
                yield services
            finally:
                await services.api_keys.close()
            await services.sign_in.close()
    finally:
        analytics.stop()
        await writing
        await database.close()


def _services(
    settings: Settings,
    database: Database,
    analytics: UsageAnalytics,
    counts: CallStorage | None,
    telemetry: Telemetry,
) -> Services:
    metrics = telemetry.metrics
    scoring = _scoring(settings, database, telemetry)
    tokens = _access_tokens(settings)
    nonces = Nonces(database, utc_now)
    return Services(
        database=database,
        readiness=Readiness(database, utc_now, metrics),
        scoring=scoring,
        stamp_store=StampStore(database, scoring, utc_now, settings.max_stamps_per_address),
        api_keys=ApiKeys(database, utc_now, metrics),
        key_cache=KeyCache(utc_now),
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
        rate_limits=RateLimits(counts, metrics, enabled=settings.rate_limits_enabled),
        failed_calls=FailedCalls(settings.failed_calls_per_minute, metrics),
        anonymous_writes=AnonymousWrites(settings.anonymous_writes_per_minute, metrics),
        trusted_proxies=settings.trusted_proxies,
        usage_analytics=analytics,
        root_path=settings.root_path,
        telemetry=telemetry,
    )


def _scoring(settings: Settings, database: Database, telemetry: Telemetry) -> ScoringService:
    metrics = telemetry.metrics
    points = PointsPolicy(
        shown=settings.human_points_enabled,
        written=settings.human_points_write_enabled,
        starts_at=settings.human_points_start,
        capped_lists=settings.human_points_mta_enabled,
    )
    stamps = StampPolicy(settings.trusted_iam_issuers, settings.multi_nullifier)
    megabytes = settings.cache_memory
    if megabytes is None:
        megabytes = default_cache_memory(memory_limit(), processes=1)
    verdicts = VerdictCache(
        megabytes * MEGABYTE // 4, metrics, trusts_copies=settings.trust_registered_stamps
    )
    scores = ScoreCache(megabytes * MEGABYTE * 3 // 4, metrics)
    snapshots = SnapshotLoader(stamps, verdicts, metrics)
    return ScoringService(database, snapshots, scores, points, utc_now, telemetry)


def _access_tokens(settings: Settings) -> AccessTokens:
    keys = TokenKeys(
        public_key=settings.siwe_jwt_public_key,
        private_key=settings.siwe_jwt_private_key,
        secret=settings.jwt_secret,
    )
    return AccessTokens(keys, utc_now)


def _wallets(settings: Settings) -> ChainWallets:
    def asking(url: str) -> ContractWallets:
        return ContractWallets(EthereumNode(url))

    of_chain = {chain_id: asking(url) for chain_id, url in settings.ethereum_rpc_urls.items()}
    url = settings.ethereum_rpc_url
    return ChainWallets(of_chain, asking(url) if url else None)
