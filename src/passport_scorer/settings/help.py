"""The help text of each setting, for `passport-scorer config` and docs/operations.md."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Help(msgspec.Struct, frozen=True):
    """The help text of a setting.

    Attributes:
        description: what the setting does.
        default: what tables show as its default; None: the value of the default.
    """

    description: str
    default: str | None = None


HELP: Mapping[str, Help] = {
    "database_url": Help(
        "URL of PostgreSQL 15 or newer. `sslmode=require` is added for a remote host if the URL "
        "has no `sslmode`.",
        "the embedded server",
    ),
    "database_pool_size": Help("Maximum connections per process."),
    "database_prepared_statements": Help(
        "Set to `off` behind a transaction-pooling proxy (PgBouncer, RDS Proxy). Defaults to "
        "`off` if the URL comes from `RDS_PROXY_URL`."
    ),
    "database_connection_max_age": Help(
        "Seconds after which a connection is replaced, minus up to 20 % at random."
    ),
    "ceramic_cache_scorer_id": Help("The community that the stamp store computes scores for."),
    "jwt_secret": Help(
        "Secret that verifies HS256 access tokens.", "none: HS256 tokens are rejected"
    ),
    "siwe_jwt_public_key": Help(
        "Key that verifies RS256 access tokens: PEM, or PEM in base64.",
        "none: RS256 tokens are rejected",
    ),
    "siwe_jwt_private_key": Help(
        "Key that signs access tokens: PEM, or PEM in base64.", "none: sign-in is disabled"
    ),
    "siwe_allowed_domains": Help(
        "JSON list of the sites where owners can sign in: hosts, not URLs.",
        "none: sign-in is disabled",
    ),
    "ethereum_rpc_url": Help(
        "JSON-RPC node that checks contract wallets' signatures on chain 1, and on chains that "
        "are not in `ETHEREUM_RPC_URLS`.",
        "none: only contract wallets on `ETHEREUM_RPC_URLS` can sign in",
    ),
    "ethereum_rpc_urls": Help(
        'JSON object of chain id -> URL of a JSON-RPC node, such as `{"8453": "https://…"}`, '
        "that checks contract wallets' signatures on that chain.",
        "none: `ETHEREUM_RPC_URL` is used for every chain",
    ),
    "cgrants_api_token": Help(
        "Token that callers of `/internal/*` must send in `Authorization`.",
        "none: no token is required",
    ),
    "internal_on_public_listener": Help("`on`: the public listener serves `/internal/*` as well."),
    "routing_header": Help(
        "Header that marks requests for this deployment while endpoints are moved to it: "
        "`/ceramic-cache/*` and `/internal/embed/*` respond only if its value is `true`.",
        "none: all requests are served",
    ),
    "trusted_iam_issuers": Help(
        "JSON list of the DIDs whose stamps count. With `[]` no stamp counts.",
        "none: the service does not start",
    ),
    "demo_api_key": Help("API key of the public demo.", "none: the demo is disabled"),
    "demo_api_key_aliases": Help("JSON list of strings that are accepted in place of it."),
    "demo_api_scorer_id": Help("The community that negative scorer ids stand for."),
    "trust_registered_stamps": Help(
        "`off`: every signature is verified, also of a stamp that a scorer has verified and "
        "registered before."
    ),
    "multi_nullifier": Help(
        "`off`: stamps are deduplicated only by nullifiers that start with `v0`."
    ),
    "api_analytics": Help("`off`: the use of API keys is not recorded."),
    "human_points_enabled": Help("`on`: responses include Human Points."),
    "human_points_write_enabled": Help("`on`: Human Points are awarded."),
    "human_points_start": Help(
        "Unix time in seconds from which Human Points are awarded.", "always"
    ),
    "human_points_mta_enabled": Help("`on`: the capped actions are awarded."),
    "passport_public_url": Help(
        "URL below which the stamp catalogue (`stampMetadata.json`) is found.",
        "none: there is no catalogue",
    ),
    "rate_limit_redis_url": Help(
        "`redis://` or `rediss://` URL of the Redis in which all processes count calls together. "
        "Needs the extra `redis`.",
        "none: each process counts its own calls",
    ),
    "rate_limits_enabled": Help(
        "`off`: the rate limits of API keys are not enforced. For migrating from a deployment "
        "that does not enforce them."
    ),
    "max_stamps_per_address": Help("Maximum live stamps per address."),
    "failed_calls_per_minute": Help(
        "Calls with wrong API keys of one prefix after which a peer gets 429, unless its key was "
        "right recently; across all prefixes, twice as many. 0: no limit."
    ),
    "anonymous_writes_per_minute": Help(
        "Unauthenticated calls that write to the database (nonces, first scores) after which a "
        "peer gets 429. 0: no limit."
    ),
    "trusted_proxies": Help(
        "Number of proxies in front that append to `X-Forwarded-For`; the peer of a call is the "
        "n-th address from its end. 0: the connecting client is the peer."
    ),
    "cache_memory": Help(
        "Megabytes of scores and verified credentials that a process caches. 0: none.",
        "128, at most half of the container's memory, shared by the workers",
    ),
    "port": Help("Port of the public listener. 0: any free port."),
    "root_path": Help(
        "Path prefix under which a proxy publishes the service, such as `/scorer`. `/docs`, "
        "links and page URLs include it, whether or not the proxy strips it.",
        "none",
    ),
    "max_connections": Help(
        "Maximum connections per process on the public listener, bounded by the process's file "
        "descriptors.",
        "10000, limited by file descriptors",
    ),
    "max_requests": Help("Maximum concurrent requests per process; others get 503."),
    "request_memory": Help("Megabytes of requests that a process holds in memory."),
    "response_memory": Help("Megabytes of responses that a process holds for slow readers."),
    "shutdown_delay": Help(
        "Seconds from SIGTERM, when `/health/ready` turns to 503, until the listeners close. "
        "Load balancers should notice within this time."
    ),
    "environment": Help("Name of the deployment, in logs and traces."),
    "log_level": Help("Lowest level that is logged: `debug`, `info`, `warning` or `error`."),
    "traces_enabled": Help(
        "`on`: traces are recorded and sent. Needs the extra `otel`.", "off; on Lambda on"
    ),
    "traces_service_name": Help("Name of the service, in traces."),
    "traces_sampling_rate": Help(
        "Share of requests to trace, 0 to 1, where the caller has not decided. Values outside "
        "that range are clamped."
    ),
    "traces_endpoint": Help(
        "Collector that traces are sent to: OTLP over HTTP, below `/v1/traces`."
    ),
    "traces_url": Help(
        "Full URL that traces are sent to, in place of `OTEL_EXPORTER_OTLP_ENDPOINT`."
    ),
    "lambda_serves": Help(
        "AWS Lambda only. `internal`: the function serves `/internal/*` and nothing else."
    ),
    "lambda_internal_target_groups": Help(
        "AWS Lambda only. JSON list of the names of the internal load balancer's target groups: "
        "requests through one of them reach `/internal/*` and nothing else. For a function "
        "behind both load balancers.",
        "none: `/internal/*` is not served",
    ),
    "home": Help("Folder of the embedded PostgreSQL."),
}
