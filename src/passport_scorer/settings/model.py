"""Every setting, declared once: field, type, environment variable, default.

`help.py` explains each setting. `passport-scorer config` and the table in docs/operations.md are
made from both. The environment is read in `environment.py`.

The names of the variables are those of existing deployments. Source: docs/rules/deployment.md,
"Configuration".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, get_type_hints

import msgspec

from passport_scorer.db.connecting import DatabaseSettings
from passport_scorer.settings.kinds import (
    CHAIN_URLS,
    HEADER,
    HOSTS,
    ISSUERS,
    LOG_LEVEL,
    PATH_PREFIX,
    PORT,
    PRIVATE_KEY,
    PUBLIC_KEY,
    REDIS_URL,
    SCORER_ID,
    SECRET,
    SECRETS,
    SHARE,
    SWITCH,
    TEXT,
    TEXTS,
    TIME,
    UNCHECKED_URL,
    URL,
    choice,
    number,
)
from passport_scorer.settings.variables import DatabaseVariable, Variable

Texts = frozenset[str]
Urls = Mapping[int, str]
NO_TEXTS: Texts = frozenset()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's decisions. Contains secrets: never log it as a whole."""

    # Database
    database_url: Annotated[str | None, DatabaseVariable("DATABASE_URL", "RDS_PROXY_URL")] = None
    database_pool_size: Annotated[int, Variable(number(1, 1000), "DATABASE_POOL_SIZE")] = 5
    database_prepared_statements: Annotated[
        bool, Variable(SWITCH, "DATABASE_PREPARED_STATEMENTS")
    ] = True
    database_connection_max_age: Annotated[
        int, Variable(number(1, 86_400), "DATABASE_CONNECTION_MAX_AGE")
    ] = 600

    # Callers
    ceramic_cache_scorer_id: Annotated[
        int | None, Variable(SCORER_ID, "CERAMIC_CACHE_SCORER_ID")
    ] = None
    jwt_secret: Annotated[str | None, Variable(SECRET, "JWT_SECRET", "SECRET_KEY")] = None
    siwe_jwt_public_key: Annotated[str | None, Variable(PUBLIC_KEY, "SIWE_JWT_PUBLIC_KEY")] = None
    siwe_jwt_private_key: Annotated[str | None, Variable(PRIVATE_KEY, "SIWE_JWT_PRIVATE_KEY")] = (
        None
    )
    siwe_allowed_domains: Annotated[
        Texts, Variable(HOSTS, "SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE")
    ] = NO_TEXTS
    ethereum_rpc_url: Annotated[str | None, Variable(URL, "ETHEREUM_RPC_URL")] = None
    ethereum_rpc_urls: Annotated[Urls, Variable(CHAIN_URLS, "ETHEREUM_RPC_URLS")] = {}
    cgrants_api_token: Annotated[str | None, Variable(SECRET, "CGRANTS_API_TOKEN")] = None
    internal_on_public_listener: Annotated[
        bool, Variable(SWITCH, "INTERNAL_ON_PUBLIC_LISTENER")
    ] = False
    routing_header: Annotated[str | None, Variable(HEADER, "ROUTING_HEADER")] = None

    # Scores
    trusted_iam_issuers: Annotated[Texts, Variable(ISSUERS, "TRUSTED_IAM_ISSUERS")] = NO_TEXTS
    demo_api_key: Annotated[str | None, Variable(SECRET, "DEMO_API_KEY")] = None
    demo_api_key_aliases: Annotated[Texts, Variable(SECRETS, "DEMO_API_KEY_ALIASES")] = NO_TEXTS
    demo_api_scorer_id: Annotated[int | None, Variable(SCORER_ID, "DEMO_API_SCORER_ID")] = None
    trust_registered_stamps: Annotated[bool, Variable(SWITCH, "TRUST_REGISTERED_STAMPS")] = True
    multi_nullifier: Annotated[bool, Variable(SWITCH, "FF_MULTI_NULLIFIER")] = True
    api_analytics: Annotated[bool, Variable(SWITCH, "FF_API_ANALYTICS")] = True
    human_points_enabled: Annotated[bool, Variable(SWITCH, "HUMAN_POINTS_ENABLED")] = False
    human_points_write_enabled: Annotated[bool, Variable(SWITCH, "HUMAN_POINTS_WRITE_ENABLED")] = (
        False
    )
    human_points_start: Annotated[
        datetime | None, Variable(TIME, "HUMAN_POINTS_START_TIMESTAMP")
    ] = None
    human_points_mta_enabled: Annotated[bool, Variable(SWITCH, "HUMAN_POINTS_MTA_ENABLED")] = False
    passport_public_url: Annotated[str | None, Variable(URL, "PASSPORT_PUBLIC_URL")] = None

    # Limits
    rate_limit_redis_url: Annotated[str | None, Variable(REDIS_URL, "RATE_LIMIT_REDIS_URL")] = None
    rate_limits_enabled: Annotated[bool, Variable(SWITCH, "RATE_LIMITS_ENABLED")] = True
    max_stamps_per_address: Annotated[
        int, Variable(number(1, 10_000), "MAX_STAMPS_PER_ADDRESS")
    ] = 500
    failed_calls_per_minute: Annotated[
        int, Variable(number(0, 1_000_000), "FAILED_CALLS_PER_MINUTE")
    ] = 60
    anonymous_writes_per_minute: Annotated[
        int, Variable(number(0, 1_000_000), "ANONYMOUS_WRITES_PER_MINUTE")
    ] = 600
    trusted_proxies: Annotated[int, Variable(number(0, 10), "TRUSTED_PROXY_COUNT")] = 0
    cache_memory: Annotated[int | None, Variable(number(0, 100_000), "CACHE_MEMORY_MB")] = None

    # Listeners
    port: Annotated[int, Variable(PORT, "PORT")] = 8000
    root_path: Annotated[str, Variable(PATH_PREFIX, "ROOT_PATH")] = ""
    max_connections: Annotated[int | None, Variable(number(16, 1_000_000), "MAX_CONNECTIONS")] = (
        None
    )
    max_requests: Annotated[int, Variable(number(1, 100_000), "MAX_REQUESTS_IN_FLIGHT")] = 1000
    request_memory: Annotated[int, Variable(number(8, 100_000), "REQUEST_MEMORY_MB")] = 64
    response_memory: Annotated[int, Variable(number(8, 100_000), "RESPONSE_MEMORY_MB")] = 64
    shutdown_delay: Annotated[int, Variable(number(0, 3600), "SHUTDOWN_DELAY_SECONDS")] = 5

    # Telemetry
    environment: Annotated[str, Variable(TEXT, "ENVIRONMENT")] = "development"
    log_level: Annotated[str, Variable(LOG_LEVEL, "LOG_LEVEL")] = "info"
    traces_enabled: Annotated[bool | None, Variable(SWITCH, "OTEL_ENABLED")] = None
    traces_service_name: Annotated[str, Variable(TEXT, "OTEL_SERVICE_NAME")] = "passport-scorer"
    traces_sampling_rate: Annotated[float, Variable(SHARE, "OTEL_TRACE_SAMPLING_RATE")] = 0.01
    traces_endpoint: Annotated[str, Variable(URL, "OTEL_EXPORTER_OTLP_ENDPOINT")] = (
        "http://127.0.0.1:4318"
    )
    traces_url: Annotated[
        str | None, Variable(UNCHECKED_URL, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    ] = None

    # AWS Lambda
    lambda_serves: Annotated[str, Variable(choice("public", "internal"), "LAMBDA_SERVES")] = (
        "public"
    )
    lambda_internal_target_groups: Annotated[
        Texts, Variable(TEXTS, "LAMBDA_INTERNAL_TARGET_GROUPS")
    ] = NO_TEXTS

    # Embedded PostgreSQL
    home: Annotated[str, Variable(TEXT, "PASSPORT_SCORER_HOME")] = ".passport-scorer"

    @property
    def embedded_folder(self) -> Path:
        """The data folder of the embedded PostgreSQL, relative to the current folder."""
        return Path(self.home) / "postgresql"

    @property
    def traces_target(self) -> str:
        """The URL that traces are sent to."""
        return self.traces_url or f"{self.traces_endpoint.rstrip('/')}/v1/traces"

    def database_at(self, url: str) -> DatabaseSettings:
        """Return how to reach the database: everything that opens a connection uses this.

        Args:
            url: `database_url`, or that of the embedded server.
        """
        return DatabaseSettings(
            url=url,
            pool_size=self.database_pool_size,
            prepared_statements=self.database_prepared_statements,
            connection_max_age=self.database_connection_max_age,
        )


@cache
def variables() -> Mapping[str, Variable]:
    """Return the variable of each setting, by field, in the order of declaration."""
    hints = get_type_hints(Settings, include_extras=True)
    return {
        field: variable
        for field in Settings.__struct_fields__
        for variable in hints[field].__metadata__
        if isinstance(variable, Variable)
    }
