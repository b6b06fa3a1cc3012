"""Which listener serves the internal endpoints, seen from outside the process."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import httpx
import pytest

from .conftest import SERVING, Service, StartService

PATH = "/internal/check-revocations"
ON_PUBLIC = {"INTERNAL_ON_PUBLIC_LISTENER": "on"}
TOKEN = {"CGRANTS_API_TOKEN": "the-internal-token"}
PRESENTED = {"Authorization": "the-internal-token"}


async def asked(service: Service, base_url: str, headers: dict[str, str]) -> int:
    """Return the status of an internal call."""
    url = base_url + PATH
    body = {"proof_values": ["0x"]}
    return (await service.client.post(url, json=body, headers=headers)).status_code


def internal_url(service: Service) -> str:
    """Return the port of the internal listener."""
    (event,) = service.events("listening_internally")
    return f"http://{event['host']}:{event['port']}"


@pytest.mark.parametrize(
    ("settings", "headers", "on_public", "on_internal"),
    [
        ({}, {}, 404, 200),
        (TOKEN, {}, 404, 401),
        (TOKEN, PRESENTED, 404, 200),
        (ON_PUBLIC, {}, 200, 200),
        (ON_PUBLIC | TOKEN, {}, 401, 401),
        (ON_PUBLIC | TOKEN, PRESENTED, 200, 200),
    ],
)
async def test_the_public_listener_serves_them_only_when_told_to(
    start_service: StartService,
    demo_database_url: str,
    settings: dict[str, str],
    headers: dict[str, str],
    on_public: int,
    on_internal: int,
) -> None:
    """The internal listener always serves them, with the token if one is configured."""
    service = await start_service(demo_database_url, "--internal-port", "0", **settings)
    assert await asked(service, service.base_url, headers) == on_public
    assert await asked(service, internal_url(service), headers) == on_internal


async def test_endpoints_without_a_token_are_pointed_out(
    start_service: StartService, demo_database_url: str
) -> None:
    """At start the log says where they can be called without a token, if none is configured."""
    told = await start_service(demo_database_url, "--internal-port", "0")
    (warning,) = told.events("internal_endpoints_need_no_token")
    assert warning["reachable_at"] == [f"127.0.0.1 port {httpx.URL(internal_url(told)).port}"]
    silent = await start_service(demo_database_url, "--internal-port", "0", **TOKEN)
    assert silent.events("internal_endpoints_need_no_token") == []


def test_the_public_never_gets_them_without_a_token(
    command: Callable[..., subprocess.CompletedProcess[str]], demo_database_url: str
) -> None:
    """The service does not start, and one line names the missing setting."""
    done = command(
        *("serve", "--host", "0.0.0.0", "--port", "0", "--workers", "1"),
        DATABASE_URL=demo_database_url,
        **SERVING,
        **ON_PUBLIC,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "passport-scorer: INTERNAL_ON_PUBLIC_LISTENER: needs CGRANTS_API_TOKEN, "
        "or a public listener that only this machine can reach.\n"
    )
