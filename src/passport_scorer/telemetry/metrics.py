"""Metrics: what is counted and measured, and where that goes.

`ALL` is every metric there is; the tables in docs/operations.md are made from it. Labels have
few values: names of our own (queries, reasons, route templates), never what a caller sends.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

PREFIX = "passport_scorer_"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # of what is scraped

# Seconds: from a fraction of the fastest request to the longest that is waited for.
_REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_QUERY_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_WAIT_SECONDS = (0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 3)


class Metric(msgspec.Struct, frozen=True):
    """A metric.

    Attributes:
        kind: how it is measured.
        name: without the prefix.
        meaning: what it tells.
        labels: names of its labels.
        buckets: upper bounds, of a histogram.
        across: how the gauges of several worker processes become one.
    """

    kind: Literal["counter", "gauge", "histogram"]
    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    across: Literal["livesum", "max"] = "livesum"

    @property
    def full_name(self) -> str:
        """The name as it is scraped."""
        return PREFIX + self.name


ALL: list[Metric] = []


def _counter(name: str, meaning: str, *labels: str) -> Metric:
    return _listed(Metric("counter", name, meaning, labels))


def _gauge(name: str, meaning: str, *labels: str) -> Metric:
    return _listed(Metric("gauge", name, meaning, labels))


def _histogram(name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Metric:
    return _listed(Metric("histogram", name, meaning, labels, buckets))


def _listed(metric: Metric) -> Metric:
    ALL.append(metric)
    return metric


HTTP_REQUESTS = _counter(
    "http_requests_total",
    "Requests that were answered; `route` is the template, `unmatched` where there is none; "
    "`status` is its class, such as `2xx`.",
    "route",
    "method",
    "status",
)
HTTP_REQUEST_DURATION = _histogram(
    "http_request_duration_seconds",
    "Seconds from the head of a request to the end of its answer.",
    _REQUEST_SECONDS,
    "route",
    "method",
)
HTTP_REQUESTS_IN_FLIGHT = _gauge(
    "http_requests_in_flight", "Requests that are being answered now; a scrape counts itself."
)
CONNECTIONS_OPEN = _gauge(
    "connections_open", "Open connections of a listener, `public` or `internal`.", "listener"
)
CONNECTIONS_REFUSED = _counter(
    "connections_refused_total",
    "Requests that were refused, and connections that were closed, because of a limit; `reason` "
    "is which.",
    "reason",
    "listener",
)
REQUEST_BYTES_HELD = _gauge(
    "request_bytes_held", "Bytes of requests that are held in memory.", "listener"
)
RESPONSE_BYTES_UNSENT = _gauge(
    "response_bytes_unsent", "Bytes of responses that slow readers have not taken yet.", "listener"
)

QUERY_DURATION = _histogram(
    "database_query_duration_seconds",
    "Seconds from sending a statement to its last row; `query` is its name.",
    _QUERY_SECONDS,
    "query",
)
QUERY_ERRORS = _counter(
    "database_query_errors_total",
    "Statements that failed; `error` is the code: `database_unavailable`, `write_conflict`, "
    "`row_locked`, `value_refused`, `query_failed`.",
    "query",
    "error",
)
POOL_CONNECTIONS = _gauge("database_pool_connections", "Connections to the database that are open.")
POOL_IN_USE = _gauge("database_pool_connections_in_use", "Connections that are in use now.")
POOL_MAXIMUM = _gauge(
    "database_pool_connections_maximum", "Connections that the processes may have at most."
)
POOL_WAIT = _histogram(
    "database_pool_wait_seconds",
    "Seconds that were waited for a connection, opening one included.",
    _WAIT_SECONDS,
)
POOL_FAILURES = _counter(
    "database_pool_failures_total", "How often no connection became free or could be opened."
)
DATABASE_FAILURES = _counter(
    "database_failures_total",
    "Connections and statements that failed because the database was unavailable; `reason` is "
    "why, such as `read_only` or `too_many_connections`.",
    "reason",
)
CLOCK_SKEW = _listed(
    Metric(
        "gauge",
        "database_clock_skew_seconds",
        "Difference between the clocks of a process and of the database, when it was last asked "
        "whether it is ready.",
        across="max",
    )
)

SCORES_COMPUTED = _counter("scores_computed_total", "Scores that were computed and written.")
STAMPS_REJECTED = _counter(
    "stamps_rejected_total",
    "Stamps that were left out of a score; `reason` is why.",
    "reason",
)
STAMPS_CLASHED = _counter(
    "stamps_clashed_total", "Stamps that another address had claimed before, in a score."
)
WRITE_CONFLICTS = _counter(
    "write_conflicts_total", "Scores that were started again because others were faster."
)
SIGNATURES_VERIFIED = _counter(
    "signatures_verified_total", "Signatures that were checked and are good.", "suite"
)
SIGNATURES_REJECTED = _counter(
    "signatures_rejected_total", "Stamps whose signature doesn't verify, when read.", "reason"
)
STAMP_CACHE_HITS = _counter(
    "stamp_cache_hits_total", "Stamps whose document needn't be read from the database."
)
STAMP_CACHE_MISSES = _counter(
    "stamp_cache_misses_total", "Stamps whose document was read from the database."
)
DECISION_CACHE_HITS = _counter(
    "decision_cache_hits_total", "Scores that were decided before, on just the same."
)
DECISION_CACHE_MISSES = _counter(
    "decision_cache_misses_total", "Scores that were decided from scratch."
)
STAMP_CACHE_SIZE = _gauge("stamp_cache_stamps", "Stamps that are remembered now.")
CREDENTIAL_CACHE_HITS = _counter(
    "credential_cache_hits_total", "Credentials whose verdict was remembered."
)
CREDENTIAL_CACHE_MISSES = _counter(
    "credential_cache_misses_total", "Credentials that had to be verified."
)
BATCH_SIZE = _histogram(
    "batch_size",
    "Requests per batch; `operation` is `load` or `save`.",
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
    "Calls that were refused because of their peer: `failed_calls`: too many of its API keys were "
    "wrong; `anonymous_writes`: it wrote too often without showing who it is.",
    "reason",
)
RATE_LIMIT_DECISIONS = _counter(
    "rate_limit_decisions_total",
    "Calls with a good key: `allowed`, `exceeded`, `unlimited`, or `uncounted`: let through "
    "because counting failed.",
    "decision",
)
USAGE_WAITING = _gauge("usage_rows_waiting", "Rows of usage analytics that wait to be written.")
USAGE_WRITTEN = _counter("usage_rows_written_total", "Rows of usage analytics that were written.")
USAGE_DROPPED = _counter(
    "usage_rows_dropped_total", "Rows of usage analytics that were lost: too many were waiting."
)
USAGE_REJECTED = _counter(
    "usage_rows_rejected_total", "Rows of usage analytics that the database refused."
)

LOG_LINES_DROPPED = _counter(
    "log_lines_dropped_total", "Lines of log that could not be written, as on a full disk."
)
SPANS_DROPPED = _counter(
    "spans_dropped_total",
    "Spans that were not sent: the collector failed, or was left alone because it had.",
)
BUILD_INFO = _listed(
    Metric(
        "gauge",
        "build_info",
        "Always 1; the labels tell which version runs.",
        ("version", "python"),
        across="max",
    )
)


class Metrics(Protocol):
    """Where the parts of the service count and measure. No call ever fails or waits."""

    def add(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        """Add to a counter or a gauge; `labels` are the values of its labels, in their order."""

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Add a value to a histogram."""

    def render(self) -> bytes:
        """Return all values, as text for Prometheus."""


class NoMetrics:
    """Counts nothing."""

    def add(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        """Forget it."""

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Forget it."""

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Forget it."""

    def render(self) -> bytes:
        """Return nothing."""
        return b""


NO_METRICS = NoMetrics()
