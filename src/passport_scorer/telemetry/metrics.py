"""The metrics of the service.

`ALL` lists every metric; the tables in docs/operations.md are made from it. The cardinality of
labels is bounded: their values are names in the code (queries, reasons, route templates), never
input of clients.
"""

from __future__ import annotations

from typing import Protocol

from passport_scorer.telemetry.metric_types import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # of /metrics

# Seconds: from a fraction of the fastest request to the longest timeout.
_REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_QUERY_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_WAIT_SECONDS = (0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 3)

ALL: list[Metric] = []


def _counter(name: str, description: str, *labels: str) -> Metric:
    return _listed(Metric("counter", name, description, labels))


def _gauge(name: str, description: str, *labels: str) -> Metric:
    return _listed(Metric("gauge", name, description, labels))


def _histogram(name: str, description: str, buckets: tuple[float, ...], *labels: str) -> Metric:
    return _listed(Metric("histogram", name, description, labels, buckets))


def _listed(metric: Metric) -> Metric:
    ALL.append(metric)
    return metric


HTTP_REQUESTS = _counter(
    "http_requests_total",
    "Responses. `route` is the route template, or `unmatched`; `status` is the status class, such "
    "as `2xx`.",
    "route",
    "method",
    "status",
)
HTTP_REQUEST_DURATION = _histogram(
    "http_request_duration_seconds",
    "Seconds from the head of a request to the end of its response.",
    _REQUEST_SECONDS,
    "route",
    "method",
)
HTTP_REQUESTS_IN_FLIGHT = _gauge(
    "http_requests_in_flight", "Requests in progress; a scrape counts itself."
)
CONNECTIONS_OPEN = _gauge(
    "connections_open", "Open connections of a listener: `public` or `internal`.", "listener"
)
CONNECTIONS_REFUSED = _counter(
    "connections_refused_total",
    "Requests rejected and connections closed because of a limit; `reason` names it.",
    "reason",
    "listener",
)
REQUEST_BYTES_HELD = _gauge("request_bytes_held", "Bytes of requests held in memory.", "listener")
RESPONSE_BYTES_UNSENT = _gauge(
    "response_bytes_unsent", "Bytes of responses that slow clients have not read yet.", "listener"
)

QUERY_DURATION = _histogram(
    "database_query_duration_seconds",
    "Seconds from sending a statement to its last row; `query` is its name.",
    _QUERY_SECONDS,
    "query",
)
QUERY_ERRORS = _counter(
    "database_query_errors_total",
    "Failed statements. `error` is the code: `database_unavailable`, `write_conflict`, "
    "`row_locked`, `value_refused`, `query_failed`.",
    "query",
    "error",
)
POOL_CONNECTIONS = _gauge("database_pool_connections", "Open connections to the database.")
POOL_IN_USE = _gauge("database_pool_connections_in_use", "Connections in use.")
POOL_MAXIMUM = _gauge("database_pool_connections_maximum", "Maximum connections of all processes.")
POOL_WAIT = _histogram(
    "database_pool_wait_seconds",
    "Seconds of waiting for a connection, including opening one.",
    _WAIT_SECONDS,
)
POOL_FAILURES = _counter(
    "database_pool_failures_total",
    "Failures to get a connection: none became free, or none could be opened.",
)
DATABASE_FAILURES = _counter(
    "database_failures_total",
    "Connections and statements that failed because the database was unavailable. `reason` says "
    "why, such as `read_only` or `too_many_connections`.",
    "reason",
)
CLOCK_SKEW = _listed(
    Metric(
        "gauge",
        "database_clock_skew_seconds",
        "Difference between the clocks of a process and the database, at the last readiness probe.",
        across="max",
    )
)

SCORES_COMPUTED = _counter("scores_computed_total", "Scores computed and written.")
STAMPS_REJECTED = _counter(
    "stamps_rejected_total",
    "Stamps left out of a score; `reason` says why.",
    "reason",
)
STAMPS_CLASHED = _counter(
    "stamps_clashed_total", "Stamps in a score that another address had already claimed."
)
WRITE_CONFLICTS = _counter(
    "write_conflicts_total", "Scores that were retried because another request wrote first."
)
SIGNATURES_VERIFIED = _counter("signatures_verified_total", "Valid signatures.", "suite")
SIGNATURES_VOUCHED = _counter(
    "signatures_vouched_total",
    "Stamps whose signature was not verified again, because a scorer had registered the same text.",
)
SIGNATURES_REJECTED = _counter(
    "signatures_rejected_total", "Stamps with an invalid signature.", "reason"
)
SCORE_CACHE_HITS = _counter(
    "score_cache_hits_total", "Scores reused because everything they depend on is unchanged."
)
SCORE_CACHE_MISSES = _counter(
    "score_cache_misses_total", "Scores that were not cached, or whose inputs have changed."
)
SCORE_CACHE_BYTES = _gauge("score_cache_bytes", "Size of the cached scores, approximately.")
CREDENTIAL_CACHE_HITS = _counter(
    "credential_cache_hits_total", "Credentials whose verdict was cached."
)
CREDENTIAL_CACHE_MISSES = _counter(
    "credential_cache_misses_total", "Credentials that were verified."
)
BATCH_SIZE = _histogram(
    "batch_size",
    "Requests per batch; `operation` is `touch`, `load` or `save`.",
    (1, 2, 4, 8, 16, 32, 64),
    "operation",
)

API_KEY_CHECKS = _counter(
    "api_key_checks_total",
    "API key checks. `sha256` and `pbkdf2`: valid keys, by the hash that was compared; `wrong`: "
    "wrong secret; `unknown`: no usable key; `overloaded`: too many concurrent checks.",
    "result",
)
CALLS_LIMITED = _counter(
    "calls_limited_total",
    "Calls rejected because of their peer. `failed_calls`: too many wrong API keys; "
    "`anonymous_writes`: too many unauthenticated writes.",
    "reason",
)
RATE_LIMIT_DECISIONS = _counter(
    "rate_limit_decisions_total",
    "Calls with a valid API key: `allowed`, `exceeded`, `unlimited`, or `uncounted` (allowed "
    "because counting failed).",
    "decision",
)
USAGE_WAITING = _gauge("usage_rows_waiting", "Rows of usage analytics waiting to be written.")
USAGE_WRITTEN = _counter("usage_rows_written_total", "Rows of usage analytics written.")
USAGE_DROPPED = _counter(
    "usage_rows_dropped_total", "Rows of usage analytics lost because too many were waiting."
)
USAGE_REJECTED = _counter(
    "usage_rows_rejected_total", "Rows of usage analytics that the database rejected."
)

LOG_LINES_DROPPED = _counter(
    "log_lines_dropped_total", "Log lines that could not be written, for example on a full disk."
)
SPANS_DROPPED = _counter(
    "spans_dropped_total",
    "Spans that were not sent: the collector failed, or sending is paused after a failure.",
)
BUILD_INFO = _listed(
    Metric(
        "gauge",
        "build_info",
        "Always 1; the labels are the running versions.",
        ("version", "python"),
        across="max",
    )
)


class Metrics(Protocol):
    """Records metrics. No call blocks or raises."""

    def add(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        """Add to a counter or a gauge; `labels` are the values of its labels, in their order."""

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Observe a value of a histogram."""

    def render(self) -> bytes:
        """Return all values in Prometheus' text format."""


class NoMetrics:
    """Records nothing."""

    def add(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        """Do nothing."""

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Do nothing."""

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Do nothing."""

    def render(self) -> bytes:
        """Return nothing."""
        return b""


NO_METRICS = NoMetrics()
