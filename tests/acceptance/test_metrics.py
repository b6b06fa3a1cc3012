"""Metrics on the internal listener count exactly, with one worker or several."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from passport_scorer.telemetry.metrics import ALL
from passport_scorer.telemetry.prometheus import NoSharedFolder, shared_folder

from .conftest import DEMO_ENVIRONMENT, launched, listening_port

if TYPE_CHECKING:
    from .conftest import Service, StartService

LATER_SECONDS = 10
SCORE = {"route": "/v2/stamps/{scorer_id}/score/{address}", "method": "GET"}


class Scraped:
    """Scraped values: name and labels -> value."""

    def __init__(self, text: str) -> None:
        self.families = {family.name for family in text_string_to_metric_families(text)}
        self.values = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """Return the value of a series, or 0 if it does not exist."""
        key = (f"passport_scorer_{name}", frozenset(labels.items()))
        return self.values.get(key, 0)


async def scraped(service: Service) -> Scraped:
    """Scrape a service."""
    port = service.events("listening_internally")[0]["port"]
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(f"http://127.0.0.1:{port}/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    return Scraped(response.text)


async def eventually(service: Service, **counted: float) -> Scraped:
    """Scrape until these values appear: a response is counted after it was sent."""
    deadline = time.monotonic() + LATER_SECONDS
    while True:
        found = await scraped(service)
        if all(found.value(name) == value for name, value in counted.items()):
            return found
        assert time.monotonic() < deadline, {name: found.value(name) for name in counted}
        await asyncio.sleep(0.02)


def workers_of(service: Service) -> list[int]:
    """Return the processes that a service has started."""
    return children_of(service.process.pid)


def children_of(process: int) -> list[int]:
    """Return the processes that a process has started."""
    children = Path(f"/proc/{process}/task/{process}/children")
    if not children.exists():
        pytest.skip("this system doesn't tell which processes a process has started")
    return [int(child) for child in children.read_text().split()]


def shared_folders(place: Path) -> list[Path]:
    """Return the folders in which workers share their metrics."""
    return list(place.glob("passport-scorer-metrics-*"))


async def with_workers(
    start_service: StartService, database_url: str, workers: int, **settings: str
) -> Service:
    """Start a service with an internal listener."""
    return await start_service(
        database_url, "--internal-port", "0", "--workers", str(workers), **settings
    )


async def scores(service: Service, count: int) -> None:
    """Request scores, each over a new connection, so that every worker gets some."""
    address = "0x80970b5aeec83ebcffa1ad636177c6b62927523a"
    for _ in range(count // 10):
        async with httpx.AsyncClient(base_url=service.base_url, trust_env=False) as client:
            headers = {"X-API-Key": "demo", "Connection": "close"}
            answers = await asyncio.gather(
                *(client.get(f"/v2/stamps/-1/score/{address}", headers=headers) for _ in range(10))
            )
        assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize("workers", [1, 2])
async def test_counts_are_exact(
    start_service: StartService, demo_database_url: str, workers: int
) -> None:
    """Every metric counts all requests, regardless of which worker is scraped."""
    service = await with_workers(start_service, demo_database_url, workers)
    await scores(service, 60)
    await service.client.get("/no/such/path")
    counts = {"scores_computed_total": 60, "http_requests_in_flight": 1}
    # Usage is written later, over a pooled connection.
    await eventually(service, **counts, usage_rows_written_total=60)
    for _ in range(3):
        found = await scraped(service)
        assert found.value("http_requests_total", **SCORE, status="2xx") == 60
        assert found.value("http_request_duration_seconds_count", **SCORE) == 60
        assert (
            found.value("http_requests_total", route="unmatched", method="GET", status="4xx") == 1
        )
        assert found.value("scores_computed_total") == 60
        assert found.value("api_key_checks_total", result="sha256") == 60
        assert found.value("rate_limit_decisions_total", decision="unlimited") == 60
        batched = (found.value("batch_size_sum", operation=name) for name in ("load", "touch"))
        assert sum(batched) >= 60
        assert found.value("http_requests_in_flight") == 1
        assert found.value("database_pool_connections_in_use") == 0
        assert found.value("database_pool_connections_maximum") == 5 * workers
        assert 1 <= found.value("database_pool_connections") <= 5 * workers
        assert found.value("database_query_duration_seconds_count", query="write_scoring") > 0


async def test_stamps_are_verified_once_and_then_cached(
    start_service: StartService, demo_database_url: str
) -> None:
    """The first score verifies and registers stamps, the second loads them, the third neither."""
    service = await with_workers(start_service, demo_database_url, 1)
    await service.score("ada")
    first = await scraped(service)
    stamps = first.value("credential_cache_misses_total")
    assert stamps > 0
    assert first.value("score_cache_bytes") == 0
    suites = ("EthereumEip712Signature2021", "Ed25519Signature2018")
    assert sum(first.value("signatures_verified_total", suite=suite) for suite in suites) == stamps
    await service.score("ada")
    await service.score("ada")
    third = await scraped(service)
    assert third.value("credential_cache_misses_total") == stamps
    assert third.value("score_cache_bytes") > 0
    assert third.value("score_cache_misses_total") == 2
    assert third.value("score_cache_hits_total") == 1


async def test_analytics_are_counted(start_service: StartService, demo_database_url: str) -> None:
    """Every recorded call is eventually a written row."""
    service = await with_workers(start_service, demo_database_url, 1)
    await scores(service, 20)
    await eventually(service, usage_rows_written_total=20, usage_rows_waiting=0)


async def test_a_worker_that_died_is_counted_on(
    start_service: StartService, demo_database_url: str
) -> None:
    """Killing workers decreases no counter, and their in-flight gauges are dropped."""
    service = await with_workers(start_service, demo_database_url, 2)
    await scores(service, 40)
    for worker in workers_of(service):
        os.kill(worker, signal.SIGKILL)
    await service.healthy_again()
    await scores(service, 20)
    # Usage may still be written; a gauge that a killed worker left behind would never fall.
    await eventually(
        service,
        scores_computed_total=60,
        http_requests_in_flight=1,
        database_pool_connections_in_use=0,
    )


async def test_nothing_is_left_behind(
    start_service: StartService, demo_database_url: str, tmp_path: Path
) -> None:
    """Shared metric files have their full size from the start, and are removed at the end."""
    service = await with_workers(start_service, demo_database_url, 2, TMPDIR=str(tmp_path))
    await scores(service, 10)
    (folder,) = shared_folders(tmp_path)
    assert folder.stat().st_mode & 0o777 == 0o700
    kinds = ("counter", "gauge_livesum", "gauge_max", "histogram")
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [
        f"{kind}_{place}.db" for kind in kinds for place in (0, 1)
    ]
    # A worker must not run out of disk space while counting.
    assert all(file.stat().st_blocks * 512 >= file.stat().st_size >= 2**16 for file in files)
    await service.stop()
    assert not shared_folders(tmp_path)


async def test_what_killed_services_leave_behind_is_removed(
    start_service: StartService, demo_database_url: str, tmp_path: Path
) -> None:
    """The next start removes the folder of a killed service, and leaves those in use alone."""
    settings = {"TMPDIR": str(tmp_path)}
    alive = await with_workers(start_service, demo_database_url, 2, **settings)
    (in_use,) = shared_folders(tmp_path)
    killed = await start_service_to_be_killed(tmp_path, demo_database_url)
    (abandoned,) = set(shared_folders(tmp_path)) - {in_use}
    victims = [killed.pid, *children_of(killed.pid)]
    for process in victims:
        os.kill(process, signal.SIGKILL)
    killed.wait()
    wait_until(lambda: all(map(has_ended, victims)))
    assert abandoned.exists()
    await scores(alive, 20)
    await with_workers(start_service, demo_database_url, 2, **settings)
    assert not abandoned.exists()
    assert len(shared_folders(tmp_path)) == 2
    found = await eventually(alive, scores_computed_total=20)
    assert found.value("database_pool_connections_maximum") == 10


async def start_service_to_be_killed(folder: Path, database_url: str) -> subprocess.Popen[bytes]:
    """Start a service that is not stopped at the end of the test."""
    log = folder / "to-be-killed"
    arguments = ["serve", "--port", "0", "--internal-port", "0", "--workers", "2"]
    given = {**DEMO_ENVIRONMENT, "DATABASE_URL": database_url, "TMPDIR": str(folder)}
    process = launched(folder, log, arguments, given)
    await listening_port(process, log)
    wait_until(lambda: len(children_of(process.pid)) == 2)
    return process


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something that happens almost immediately."""
    deadline = time.monotonic() + LATER_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_ended(process: int) -> bool:
    """Return whether a process has released all its resources."""
    try:
        return ") Z " in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_no_other_folder_is_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Link targets, files and folders with other names are kept."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    link = tmp_path / "passport-scorer-metrics-link"
    link.symlink_to(elsewhere)
    file = tmp_path / "passport-scorer-metrics-file"
    file.touch()
    abandoned = tmp_path / "passport-scorer-metrics-abandoned"
    abandoned.mkdir()
    (abandoned / "counter_0.db").touch()
    with shared_folder(1) as first, shared_folder(1) as second:
        assert all(Path(folder, "counter_0.db").exists() for folder in (first, second))
    assert not abandoned.exists()
    assert {path.name for path in tmp_path.iterdir()} == {link.name, file.name, "elsewhere"}
    assert (elsewhere / "file").exists()


def test_no_place_for_metrics(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a folder for shared metrics, the start fails with one line that explains it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(NoSharedFolder, match=r"5 MB .*TMPDIR.*: No such file"), shared_folder(2):
        pass


async def test_every_metric_is_declared(
    start_service: StartService, demo_database_url: str
) -> None:
    """Scraped metrics are the documented ones."""
    service = await with_workers(start_service, demo_database_url, 1)
    found = await scraped(service)
    declared = {metric.full_name.removesuffix("_total") for metric in ALL}
    assert found.families == declared


async def test_labels_have_few_values(start_service: StartService, demo_database_url: str) -> None:
    """Input from callers never becomes a label."""
    service = await with_workers(start_service, demo_database_url, 1)
    for number in range(20):
        await service.client.get(f"/stranger/{number}")
        await service.client.request(f"STRANGE{number}", "/health")
        await service.score(f"0x{number:040x}", key=f"k{number}.stranger")
    found = await scraped(service)
    values = {value for _, labels in found.values for _, value in labels}
    assert not {value for value in values if "strange" in value.lower() or "0x" in value}
    assert found.value("api_key_checks_total", result="unknown") == 20


@pytest.mark.parametrize("settings", [{}, {"INTERNAL_ON_PUBLIC_LISTENER": "on"}])
async def test_the_public_sees_no_metrics(
    start_service: StartService, demo_database_url: str, settings: dict[str, str]
) -> None:
    """The public listener never serves `/metrics`."""
    service = await with_workers(start_service, demo_database_url, 1, **settings)
    assert (await service.client.get("/metrics")).status_code == 404
