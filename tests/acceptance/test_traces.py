"""Traces reach a collector: the right tree, the caller's trace, and nothing secret."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from passport_scorer.tools.demo.world import DEMO_API_KEY

from .collector import Collector, attributes_of, collecting

if TYPE_CHECKING:
    from .conftest import Service, StartService

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
SAMPLED = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
NOT_SAMPLED = {"traceparent": f"00-{TRACE}-{CALLER}-00"}
ROUTE = "/v2/stamps/{scorer_id}/score/{address}"


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    """A trace collector."""
    async with collecting() as collector:
        yield collector


async def traced(
    start_service: StartService, database_url: str, collector: Collector, **settings: str
) -> Service:
    """Start a service that sends traces to the collector."""
    given = {
        "OTEL_ENABLED": "on",
        "OTEL_TRACE_SAMPLING_RATE": "0",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "ENVIRONMENT": "acceptance",
    }
    return await start_service(database_url, **{**given, **settings})


def tree(spans: list[Span]) -> dict[str, str]:
    """Return span name -> name of its parent, or the parent's id if that span is missing."""
    names = {span.span_id: span.name for span in spans}
    return {span.name: names.get(span.parent_span_id, span.parent_span_id.hex()) for span in spans}


async def test_a_score_is_a_tree_of_spans(
    start_service: StartService, demo_database_url: str, collector: Collector
) -> None:
    """The caller's trace continues: the request, the stages of scoring, and their statements."""
    service = await traced(start_service, demo_database_url, collector)
    assert (await service.score("ada", headers=SAMPLED)).status_code == 200
    await service.stop()
    assert tree(collector.trace(TRACE)) == {
        f"GET {ROUTE}": CALLER,
        "scoring.read": f"GET {ROUTE}",
        "read_scoring": "scoring.read",
        "scoring.verify": f"GET {ROUTE}",
        "scoring.decide": f"GET {ROUTE}",
        "scoring.write": f"GET {ROUTE}",
        "write_scoring": "scoring.write",
    }
    assert set(collector.paths) == {"/v1/traces"}
    assert collector.resources[0].items() >= {
        ("service.name", "passport-scorer"),
        ("deployment.environment.name", "acceptance"),
    }


async def test_spans_follow_the_conventions(
    start_service: StartService, demo_database_url: str, collector: Collector
) -> None:
    """Requests and statements have the attributes that backends look for."""
    service = await traced(start_service, demo_database_url, collector)
    await service.score("ada", headers=SAMPLED)
    await service.stop()
    spans = {span.name: span for span in collector.trace(TRACE)}
    request, query = spans[f"GET {ROUTE}"], spans["read_scoring"]
    assert request.kind == Span.SPAN_KIND_SERVER
    assert attributes_of(request.attributes) == {
        "http.request.method": "GET",
        "http.route": ROUTE,
        "http.response.status_code": 200,
        "url.scheme": "http",
        "url.path": ROUTE,
    }
    assert query.kind == Span.SPAN_KIND_CLIENT
    assert attributes_of(query.attributes) == {
        "db.system.name": "postgresql",
        "db.system": "postgresql",
        "db.query.summary": "read_scoring",
    }


async def test_nothing_secret_is_sent(
    start_service: StartService, demo_database_url: str, collector: Collector
) -> None:
    """No span contains a key, token, query or unknown path."""
    service = await traced(start_service, demo_database_url, collector)
    secrets = ["hush-key", "hush-token", "hush-query", "hush-path", "hush-cookie"]
    await service.score("ada", headers=SAMPLED)
    await service.client.get(
        "/v2/stamps/1/score/hush-path?api_key=hush-query",
        headers={
            **SAMPLED,
            "X-API-Key": "abc.hush-key",
            "Authorization": "Bearer hush-token",
            "Cookie": "hush-cookie",
        },
    )
    await service.client.get("/hush-path?hush-query", headers=SAMPLED)
    await service.stop()
    sent = b"".join(collector.bodies)
    assert len(collector.trace(TRACE)) > 8
    for secret in (*secrets, DEMO_API_KEY.key, DEMO_API_KEY.key.partition(".")[2]):
        assert secret.encode() not in sent


async def test_the_caller_decides_on_recording(
    start_service: StartService, demo_database_url: str, collector: Collector
) -> None:
    """A trace that the caller does not record is not recorded here, at any sampling rate."""
    service = await traced(
        start_service, demo_database_url, collector, OTEL_TRACE_SAMPLING_RATE="1"
    )
    await service.score("ada", headers=NOT_SAMPLED)
    await service.score("bob")
    await service.stop()
    assert not collector.trace(TRACE)
    assert any(span.name == f"GET {ROUTE}" for span in collector.spans)


async def test_by_default_nothing_is_sent(
    start_service: StartService, demo_database_url: str, collector: Collector
) -> None:
    """A server records traces only if configured."""
    service = await traced(start_service, demo_database_url, collector, OTEL_ENABLED="")
    await service.score("ada", headers=SAMPLED)
    await service.stop()
    assert not collector.paths


async def test_a_failure_is_marked(
    start_service: StartService, demo_database_url: str, collector: Collector
) -> None:
    """A request that fails because of the database shows the statement and the error."""
    service = await traced(start_service, demo_database_url, collector)
    await service.tables.rows("ALTER TABLE ceramic_cache_ceramiccache RENAME TO gone")
    assert (await service.score("ada", headers=SAMPLED)).status_code == 500
    await service.stop()
    spans = {span.name: span for span in collector.trace(TRACE)}
    for name, error in ((f"GET {ROUTE}", "500"), ("read_scoring", "query_failed")):
        assert spans[name].status.code == Status.STATUS_CODE_ERROR
        assert attributes_of(spans[name].attributes)["error.type"] == error
        assert not spans[name].events


async def test_requests_that_share_a_statement_are_linked(
    start_service: StartService, demo_database_url: str, collector: Collector
) -> None:
    """A statement for several requests is in the trace of one, and links to the others'."""
    service = await traced(
        start_service, demo_database_url, collector, OTEL_TRACE_SAMPLING_RATE="1"
    )
    who = ["ada", "bob", "cleo"]
    for _ in range(20):
        await asyncio.gather(*(service.score(name) for name in who * 8))
    await service.stop()
    requests = [span for span in collector.spans if span.name == f"GET {ROUTE}"]
    assert len(requests) == 20 * 24
    shared = [
        span
        for span in collector.spans
        if span.name == "scoring.read" and attributes_of(span.attributes)["scoring.set_size"] > 1
    ]
    assert shared
    traces = {span.trace_id for span in requests}
    for span in shared:
        assert len(span.links) == attributes_of(span.attributes)["scoring.set_size"] - 1
        assert {link.trace_id for link in span.links} <= traces - {span.trace_id}


async def test_an_unreachable_collector_delays_no_request(
    start_service: StartService, demo_database_url: str
) -> None:
    """Without a collector, requests are answered, and the service stops cleanly and in time."""
    service = await start_service(
        demo_database_url,
        OTEL_ENABLED="on",
        OTEL_TRACE_SAMPLING_RATE="1",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
    )
    for _ in range(20):
        assert (await service.score("ada")).status_code == 200
    await service.stop()
