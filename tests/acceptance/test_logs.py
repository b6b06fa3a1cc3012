"""Logs: each line is JSON, each request has one, and all lines of a request share its ids."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from passport_scorer.tools.demo.world import DEMO_API_KEY

from .conftest import (
    DEMO_ENVIRONMENT,
    START_SECONDS,
    STOP_SECONDS,
    address_of,
    launched,
    said,
)

if TYPE_CHECKING:
    from .conftest import Service, StartService

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


def parsed(service: Service) -> list[dict[str, Any]]:
    """Return all log lines; each must be JSON."""
    return [json.loads(line) for line in service.lines()]


async def test_a_request_is_one_line(start_service: StartService, demo_database_url: str) -> None:
    """The line has route, caller, outcome and trace id."""
    service = await start_service(demo_database_url)
    await service.score("ada", headers=SAMPLED)
    await service.log_is_complete()
    (line,) = [event for event in parsed(service) if event.get("trace_id") == TRACE]
    assert (
        line.items()
        >= {
            "event": "request",
            "method": "GET",
            "route": "/v2/stamps/{scorer_id}/score/{address}",
            "status": 200,
            "address": address_of("ada"),
            "api_key_prefix": DEMO_API_KEY.key.partition(".")[0],
            "community_id": 1,
            "outcome": "passing",
        }.items()
    )
    assert line["duration_ms"] > 0


async def test_the_community_and_the_outcome(
    start_service: StartService, demo_database_url: str
) -> None:
    """The id is the community's, for any alias; the outcome is only set for scores.

    Rejected requests, and requests for other things, only have the id of a community found.
    """
    service = await start_service(demo_database_url, DEMO_API_SCORER_ID="2")
    await service.tables.rows("UPDATE account_community SET external_scorer_id = 'x' WHERE id = 1")
    key = {"X-API-Key": DEMO_API_KEY.key}
    for who, scorer in (("ada", "x"), ("ada", "-7"), ("nobody", "1"), ("ada", "999")):
        await service.score(who, scorer)
    address = address_of("ada")
    for path in (
        f"1/score/{address}/history?created_at=2999-01-01",
        f"1/score/{address}/history?created_at=1999-01-01",
        address,
    ):
        await service.client.get(f"/v2/stamps/{path}", headers=key)
    await service.stop()  # a line can be written shortly after the response
    lines = service.events("request")
    assert [
        (event["status"], event.get("community_id"), event.get("outcome"))
        for event in lines
        if "v2" in event["route"]
    ] == [
        (200, 1, "passing"),
        (200, 2, "passing"),
        (400, 1, None),
        (404, None, None),
        (200, 1, "passing"),
        (404, 1, None),
        (200, None, None),
    ]


async def test_probes_are_not_logged(start_service: StartService, demo_database_url: str) -> None:
    """Successful probes are logged at debug; all other requests, including bad ones, at info."""
    for level, logged in (("info", False), ("debug", True)):
        service = await start_service(demo_database_url, LOG_LEVEL=level)
        for path in ("/health", "/health/", "/health/ready", "/nothing"):
            await service.client.get(path)
        await service.stop()
        events = service.events("request")
        assert {
            ("debug" if "health" in event.get("route", "") else "info") for event in events
        } >= {event["level"] for event in events}
        probed = {event["route"] for event in events if "health" in event.get("route", "")}
        assert probed == ({"/health", "/health/", "/health/ready"} if logged else set())
        assert [event["level"] for event in events if event["status"] == 404] == ["info"]


async def test_every_request_has_a_trace_of_its_own(
    start_service: StartService, demo_database_url: str
) -> None:
    """A missing or malformed trace id is replaced by a new one."""
    service = await start_service(demo_database_url)
    for headers in ({}, {"traceparent": "00-hush-hush-01"}, {"traceparent": f"00-{'0' * 32}-1-01"}):
        await service.score("ada", headers=headers)
    await service.log_is_complete()
    ids = [event["trace_id"] for event in parsed(service) if "score" in event.get("route", "")]
    assert len(set(ids)) == 3
    assert all(len(each) == 32 and int(each, 16) for each in ids)


async def test_events_of_a_request_say_which_it_was(
    start_service: StartService, demo_database_url: str
) -> None:
    """A rejected stamp is logged with the trace of its request."""
    service = await start_service(demo_database_url, TRUSTED_IAM_ISSUERS="[]")
    await service.score("ada", headers=SAMPLED)
    refused = service.events("stamp_rejected")
    assert refused
    assert {event["trace_id"] for event in refused} == {TRACE}


async def test_the_trace_of_the_log_is_the_one_that_is_recorded(
    start_service: StartService, demo_database_url: str
) -> None:
    """With tracing on, the line also has the caller's trace."""
    service = await start_service(
        demo_database_url, OTEL_ENABLED="on", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9"
    )
    await service.score("ada", headers=SAMPLED)
    await service.log_is_complete()
    assert [event["route"] for event in parsed(service) if event.get("trace_id") == TRACE] == [
        "/v2/stamps/{scorer_id}/score/{address}"
    ]


async def test_a_fault_is_one_line(start_service: StartService, demo_database_url: str) -> None:
    """An unexpected error is one JSON line with its traceback, besides the request's line."""
    service = await start_service(demo_database_url)
    await service.tables.rows("ALTER TABLE ceramic_cache_ceramiccache RENAME TO gone")
    assert (await service.score("ada", headers=SAMPLED)).status_code == 500
    await service.log_is_complete()
    events = [event for event in parsed(service) if event.get("trace_id") == TRACE]
    assert [event["event"] for event in events] == ["request_failed", "request"]
    assert "QueryFailed" in events[0]["exception"]


async def test_what_the_server_refuses_is_logged(
    start_service: StartService, demo_database_url: str
) -> None:
    """Invalid HTTP requests are counted in few log lines, no matter how many there are."""
    service = await start_service(demo_database_url)
    for _ in range(20):
        service.exchange(b"this is not HTTP\r\n\r\n")
    await service.stop()
    events = [event for event in parsed(service) if event["event"] == "connections_refused"]
    assert {(event["level"], event["reason"]) for event in events} == {("warning", "not_http")}
    assert sum(event["count"] for event in events) == 20
    assert len(events) < 5


async def test_secrets_are_in_no_line(start_service: StartService, demo_database_url: str) -> None:
    """Neither keys, tokens nor queries are logged."""
    service = await start_service(demo_database_url)
    await service.client.get(
        f"/v2/stamps/1/score/{address_of('ada')}?secret=hush-query",
        headers={"X-API-Key": "abc.hush-key", "Authorization": "Bearer hush-token"},
    )
    await service.log_is_complete()
    assert "hush" not in "".join(service.lines())


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@asynccontextmanager
async def logging_to(
    log: Path, database_url: str, **settings: str
) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    """Run a service that logs to a file; yield its internal port."""
    public, internal = free_port(), free_port()
    arguments = ["serve", "--workers", "1", "--port", str(public), "--internal-port", str(internal)]
    given = {"DATABASE_URL": database_url, **DEMO_ENVIRONMENT, **settings}
    process = launched(log.parent, log, arguments, given)
    base_url = f"http://127.0.0.1:{public}"
    try:
        async with httpx.AsyncClient(base_url=base_url, trust_env=False) as client:
            await answering(client)
            yield client, internal
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, STOP_SECONDS) == 0
    finally:
        process.kill()
        process.wait()


async def answering(client: httpx.AsyncClient) -> None:
    """Wait until a service responds."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        with suppress(httpx.TransportError):
            if (await client.get("/health")).status_code == 200:
                return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_the_level_is_a_setting(tmp_path: Path, demo_database_url: str) -> None:
    """`LOG_LEVEL=warning` omits lower levels, such as requests."""
    log = tmp_path / "log"
    async with logging_to(log, demo_database_url, LOG_LEVEL="warning") as (client, _):
        await client.get("/health/ready")
    levels = {json.loads(line)["level"] for line in said(log).splitlines()}
    assert levels == {"warning"}  # internal callers need no token


async def test_a_full_disk_fails_no_request(demo_database_url: str) -> None:
    """Lines that cannot be written are dropped and counted; requests are answered."""
    full = Path("/dev/full")  # fails on writes, as a full disk does
    async with logging_to(full, demo_database_url) as (client, internal):
        url = f"/v2/stamps/-1/score/{address_of('ada')}"
        for _ in range(2):
            assert (await client.get(url, headers={"X-API-Key": "demo"})).status_code == 200
        scraped = (await client.get(f"http://127.0.0.1:{internal}/metrics")).text
    (lost,) = re.findall(r"^passport_scorer_log_lines_dropped_total (\S+)$", scraped, re.MULTILINE)
    assert float(lost) >= 2
