"""Every setting: declared once, read once from the environment, validated, frozen.

A setting is one field of `Settings`: its variable, how that is read and shown, what it means,
and its default stand there and nowhere else. `passport-scorer config` and the table in
docs/operations.md are made from them.

The names of the variables are those of existing deployments. Source: specification,
operations.md ("Configuration").
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, get_type_hints

import msgspec

from passport_scorer.db.connecting import DatabaseSettings
from passport_scorer.db.url import InvalidDatabaseLocation
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.settings.parsers import (
    BIGINT,
    chain_addresses,
    header_name,
    hidden,
    hosts,
    issuers,
    log_level,
    one_of,
    path_prefix,
    private_key,
    public_key,
    redis_address,
    share,
    shown_chains,
    shown_database,
    shown_place,
    switch,
    texts,
    unix_time,
    web_address,
    whole_number,
)
from passport_scorer.settings.variables import DatabaseVariable, InvalidSetting, Variable

__all__ = ["InvalidSetting", "Settings", "read_settings", "variables"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator decides. Secrets are in it: never log it as a whole.

    The meaning of each setting stands with its variable.
    """

    database_url: Annotated[
        str | None,
        DatabaseVariable(
            "DATABASE_URL",
            "RDS_PROXY_URL",
            read=str,
            meaning="PostgreSQL 15 or newer; `sslmode=require` is added to the URL of another "
            "machine that names no `sslmode`",
            default="the embedded server",
            show=shown_database,
        ),
    ] = None
    database_pool_size: Annotated[
        int,
        Variable(
            "DATABASE_POOL_SIZE",
            read=whole_number(1, 1000),
            meaning="connections of a process at most",
        ),
    ] = 5
    database_prepared_statements: Annotated[
        bool,
        Variable(
            "DATABASE_PREPARED_STATEMENTS",
            read=switch,
            meaning="Set to `off` behind a transaction-pooling proxy (PgBouncer, RDS Proxy). "
            "`off` if the address comes from `RDS_PROXY_URL`, unless set",
        ),
    ] = True
    database_connection_max_age: Annotated[
        int,
        Variable(
            "DATABASE_CONNECTION_MAX_AGE",
            read=whole_number(1, 86_400),
            meaning="Seconds after which a connection is replaced, less up to 20 % at random.",
        ),
    ] = 600
    ceramic_cache_scorer_id: Annotated[
        int | None,
        Variable(
            "CERAMIC_CACHE_SCORER_ID",
            read=whole_number(0, BIGINT - 1),
            meaning="the community of the stamp store's own score",
        ),
    ] = None
    jwt_secret: Annotated[
        str | None,
        Variable(
            "JWT_SECRET",
            "SECRET_KEY",
            read=str,
            meaning="verifies access tokens of the kind HS256",
            default="none: there are no such tokens",
            show=hidden,
        ),
    ] = None
    siwe_jwt_public_key: Annotated[
        str | None,
        Variable(
            "SIWE_JWT_PUBLIC_KEY",
            read=public_key,
            meaning="verifies access tokens of the kind RS256; PEM, or PEM in base64",
            default="none: there are no such tokens",
            show=hidden,
        ),
    ] = None
    siwe_jwt_private_key: Annotated[
        str | None,
        Variable(
            "SIWE_JWT_PRIVATE_KEY",
            read=private_key,
            meaning="signs access tokens; PEM, or PEM in base64",
            default="none: nobody can sign in",
            show=hidden,
        ),
    ] = None
    siwe_allowed_domains: Annotated[
        frozenset[str],
        Variable(
            "SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE",
            read=hosts,
            meaning="JSON list of the sites for which owners may sign in: hosts, not URLs",
            default="none: nobody can sign in",
        ),
    ] = frozenset()
    ethereum_rpc_url: Annotated[
        str | None,
        Variable(
            "ETHEREUM_RPC_URL",
            read=web_address,
            meaning="a node of chain 1, asked about contract wallets' signatures; also for chains "
            "that are not in `ETHEREUM_RPC_URLS`",
            default="none: only contract wallets of `ETHEREUM_RPC_URLS` can sign in",
            show=shown_place,
        ),
    ] = None
    ethereum_rpc_urls: Annotated[
        Mapping[int, str],
        Variable(
            "ETHEREUM_RPC_URLS",
            read=chain_addresses,
            meaning="JSON object chain id -> URL of a node of that chain, such as "
            '`{"8453": "https://…"}`, asked about signatures of its contract wallets',
            default="none: `ETHEREUM_RPC_URL` is asked for every chain",
            show=shown_chains,
        ),
    ] = {}
    cgrants_api_token: Annotated[
        str | None,
        Variable(
            "CGRANTS_API_TOKEN",
            read=str,
            meaning="what callers of `/internal/*` must present in `Authorization`",
            default="none: nothing is asked for",
            show=hidden,
        ),
    ] = None
    internal_on_public_listener: Annotated[
        bool,
        Variable(
            "INTERNAL_ON_PUBLIC_LISTENER",
            read=switch,
            meaning="`on`: the public listener serves `/internal/*` too",
        ),
    ] = False
    routing_header: Annotated[
        str | None,
        Variable(
            "ROUTING_HEADER",
            read=header_name,
            meaning="the header that marks requests for this deployment, while endpoints are "
            "moved to it: `/ceramic-cache/*` and `/internal/embed/*` answer only with `true` in it",
            default="none: all are answered",
        ),
    ] = None
    trusted_iam_issuers: Annotated[
        frozenset[str],
        Variable(
            "TRUSTED_IAM_ISSUERS",
            read=issuers,
            meaning="JSON list of the DIDs whose stamps count; with `[]` no stamp does",
            default="none: the service doesn't start",
        ),
    ] = frozenset()
    demo_api_key: Annotated[
        str | None,
        Variable(
            "DEMO_API_KEY",
            read=str,
            meaning="the key of the public demo",
            default="none: there is no demo",
            show=hidden,
        ),
    ] = None
    demo_api_key_aliases: Annotated[
        frozenset[str],
        Variable(
            "DEMO_API_KEY_ALIASES",
            read=texts,
            meaning="JSON list of what may be presented instead of it",
            show=hidden,
        ),
    ] = frozenset()
    demo_api_scorer_id: Annotated[
        int | None,
        Variable(
            "DEMO_API_SCORER_ID",
            read=whole_number(0, BIGINT - 1),
            meaning="the community that a negative scorer id stands for",
        ),
    ] = None
    multi_nullifier: Annotated[
        bool,
        Variable(
            "FF_MULTI_NULLIFIER",
            read=switch,
            meaning="`off`: stamps are deduplicated only by nullifiers that start with `v0`",
        ),
    ] = True
    api_analytics: Annotated[
        bool,
        Variable(
            "FF_API_ANALYTICS",
            read=switch,
            meaning="`off`: the use of API keys is not recorded",
        ),
    ] = True
    human_points_enabled: Annotated[
        bool,
        Variable(
            "HUMAN_POINTS_ENABLED",
            read=switch,
            meaning="Human Points are part of answers",
        ),
    ] = False
    human_points_write_enabled: Annotated[
        bool,
        Variable(
            "HUMAN_POINTS_WRITE_ENABLED",
            read=switch,
            meaning="Human Points are given",
        ),
    ] = False
    human_points_start: Annotated[
        datetime | None,
        Variable(
            "HUMAN_POINTS_START_TIMESTAMP",
            read=unix_time,
            meaning="from when on they are given, in seconds since 1970",
            default="always",
        ),
    ] = None
    human_points_mta_enabled: Annotated[
        bool,
        Variable(
            "HUMAN_POINTS_MTA_ENABLED",
            read=switch,
            meaning="the actions that only so many may have are given",
        ),
    ] = False
    passport_public_url: Annotated[
        str | None,
        Variable(
            "PASSPORT_PUBLIC_URL",
            read=web_address,
            meaning="where the stamp catalogue (`stampMetadata.json`) is",
            default="none: there is no catalogue",
            show=shown_place,
        ),
    ] = None
    rate_limit_redis_url: Annotated[
        str | None,
        Variable(
            "RATE_LIMIT_REDIS_URL",
            read=redis_address,
            meaning="`redis://` or `rediss://`: where all processes count calls together",
            default="none: each process counts for itself",
            show=shown_place,
        ),
    ] = None
    rate_limits_enabled: Annotated[
        bool,
        Variable(
            "RATE_LIMITS_ENABLED",
            read=switch,
            meaning="`off`: the rate limits of API keys are not applied; for moving from a "
            "deployment that does not apply them",
        ),
    ] = True
    max_stamps_per_address: Annotated[
        int,
        Variable(
            "MAX_STAMPS_PER_ADDRESS",
            read=whole_number(1, 10_000),
            meaning="live stamps that an address may have",
        ),
    ] = 500
    failed_calls_per_minute: Annotated[
        int,
        Variable(
            "FAILED_CALLS_PER_MINUTE",
            read=whole_number(0, 1_000_000),
            meaning="calls with a wrong API key of one prefix before the peer gets 429, unless its "
            "key was right lately; with keys of all prefixes, twice as many; 0: no limit",
        ),
    ] = 60
    anonymous_writes_per_minute: Annotated[
        int,
        Variable(
            "ANONYMOUS_WRITES_PER_MINUTE",
            read=whole_number(0, 1_000_000),
            meaning="calls without a caller that write into the database (nonces, first scores) "
            "before the peer gets 429; 0: no limit",
        ),
    ] = 600
    trusted_proxies: Annotated[
        int,
        Variable(
            "TRUSTED_PROXY_COUNT",
            read=whole_number(0, 10),
            meaning="Number of proxies in front that append to `X-Forwarded-For`; the peer of a "
            "call is the n-th address from its end. 0: the connecting client is the peer",
        ),
    ] = 0
    remembered_stamps: Annotated[
        int,
        Variable(
            "REMEMBERED_STAMPS",
            read=whole_number(0, 100_000_000),
            meaning="verified stamps that a process remembers at most",
        ),
    ] = 50_000
    port: Annotated[
        int,
        Variable(
            "PORT",
            read=whole_number(0, 65535),
            meaning="port of the public listener; 0: any that is free",
        ),
    ] = 8000
    root_path: Annotated[
        str,
        Variable(
            "ROOT_PATH",
            read=path_prefix,
            meaning="path prefix under which a proxy publishes the service, such as `/scorer`: "
            "`/docs`, links and page URLs then carry it. It does not matter whether the proxy "
            "removes the prefix",
            default="none",
        ),
    ] = ""
    max_connections: Annotated[
        int | None,
        Variable(
            "MAX_CONNECTIONS",
            read=whole_number(16, 1_000_000),
            meaning="maximum connections of a process on the public listener; never more than "
            "the process has descriptors for",
            default="10000, or what there are descriptors for",
        ),
    ] = None
    max_requests: Annotated[
        int,
        Variable(
            "MAX_REQUESTS_IN_FLIGHT",
            read=whole_number(1, 100_000),
            meaning="maximum requests that a process answers at the same time; others get 503",
        ),
    ] = 1000
    request_memory: Annotated[
        int,
        Variable(
            "REQUEST_MEMORY_MB",
            read=whole_number(8, 100_000),
            meaning="maximum megabytes of requests that a process holds in memory",
        ),
    ] = 64
    response_memory: Annotated[
        int,
        Variable(
            "RESPONSE_MEMORY_MB",
            read=whole_number(8, 100_000),
            meaning="maximum megabytes of responses that a process holds for slow readers",
        ),
    ] = 64
    shutdown_delay: Annotated[
        int,
        Variable(
            "SHUTDOWN_DELAY_SECONDS",
            read=whole_number(0, 3600),
            meaning="seconds from SIGTERM, when `/health/ready` becomes 503, until the listeners "
            "close; in that time load balancers should notice",
        ),
    ] = 5
    environment: Annotated[
        str,
        Variable("ENVIRONMENT", read=str, meaning="name of the deployment, in logs and traces"),
    ] = "development"
    log_level: Annotated[
        str,
        Variable(
            "LOG_LEVEL",
            read=log_level,
            meaning="the least that is logged: `debug`, `info`, `warning` or `error`",
        ),
    ] = "info"
    traces_enabled: Annotated[
        bool | None,
        Variable(
            "OTEL_ENABLED",
            read=switch,
            meaning="`on`: traces are recorded and sent",
            default="off; on Lambda on",
        ),
    ] = None
    traces_service_name: Annotated[
        str,
        Variable("OTEL_SERVICE_NAME", read=str, meaning="name of the service, in traces"),
    ] = "passport-scorer"
    traces_sampling_rate: Annotated[
        float,
        Variable(
            "OTEL_TRACE_SAMPLING_RATE",
            read=share,
            meaning="the share of requests that is traced, 0 to 1, where the caller has not "
            "decided yet; what is beyond is taken as 0 or 1",
        ),
    ] = 0.01
    traces_endpoint: Annotated[
        str,
        Variable(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            read=web_address,
            meaning="the collector that traces are sent to: OTLP over HTTP, below `/v1/traces`",
            show=shown_place,
        ),
    ] = "http://127.0.0.1:4318"
    lambda_serves: Annotated[
        str,
        Variable(
            "LAMBDA_SERVES",
            read=one_of("public", "internal"),
            meaning="on Lambda: `internal`: the function serves `/internal/*`, and nothing else",
        ),
    ] = "public"
    lambda_internal_target_groups: Annotated[
        frozenset[str],
        Variable(
            "LAMBDA_INTERNAL_TARGET_GROUPS",
            read=texts,
            meaning="on Lambda: JSON list of the names of the internal load balancer's target "
            "groups; what comes through one of them is answered by `/internal/*` alone, where a "
            "function is behind both load balancers",
            default="none: nothing internal is served",
        ),
    ] = frozenset()
    home: Annotated[
        str,
        Variable("PASSPORT_SCORER_HOME", read=str, meaning="folder of the embedded server"),
    ] = ".passport-scorer"

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
    """Return the variable of each setting: name of the field -> variable, in their order."""
    hints = get_type_hints(Settings, include_extras=True)
    return {
        field: variable
        for field in Settings.__struct_fields__
        for variable in hints[field].__metadata__
        if isinstance(variable, Variable)
    }


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment; an empty variable is as good as none.

    Args:
        environ: variable -> value; the process's own by default.

    Raises:
        InvalidSetting, InvalidDatabaseLocation: a variable is malformed; the message is one line
            that names it. Of several, an InvalidSetting has a line for each.
    """
    settings, problems = settings_and_problems(os.environ if environ is None else environ)
    raise_problems(problems)
    return settings


def read_database_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings about the database alone; the others have their defaults.

    Raises:
        InvalidSetting, InvalidDatabaseLocation: see `read_settings`.
    """
    found = {name: v for name, v in variables().items() if name.startswith("database_")}
    settings, problems = _settings_and_problems(environ, found)
    raise_problems(problems)
    return settings


def settings_and_problems(
    environ: Mapping[str, str],
) -> tuple[Settings, list[PassportScorerError]]:
    """Read the settings and return them, malformed ones as if not set, and an error for each."""
    return _settings_and_problems(environ, variables())


def _settings_and_problems(
    environ: Mapping[str, str], fields: Mapping[str, Variable]
) -> tuple[Settings, list[PassportScorerError]]:
    values: dict[str, Any] = {}
    problems: list[PassportScorerError] = []
    for field, variable in fields.items():
        if name := variable.chosen(environ):
            try:
                values[field] = variable.value(name, environ[name].strip())
            except (InvalidSetting, InvalidDatabaseLocation) as error:
                problems.append(error)
    if variables()["database_url"].chosen(environ) == "RDS_PROXY_URL":
        values.setdefault("database_prepared_statements", False)
    return Settings(**values), problems


def raise_problems(problems: Sequence[PassportScorerError]) -> None:
    """Raise the only problem as it is, or one error with the lines of all; return if none.

    Raises:
        InvalidSetting, InvalidDatabaseLocation: there are problems.
    """
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise InvalidSetting("\n".join(problem.message for problem in problems))
