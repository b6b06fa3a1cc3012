"""Every endpoint: a caller without credentials, a malformed call, a good one."""

from __future__ import annotations

import json

import httpx
import pytest

from passport_scorer.api.applications import internal_document, public_document
from tests.support.fake_database import FakeDatabase

from .exchanges import EXCHANGES, Exchange
from .world import WRONG_KEY

SECURED = [exchange for exchange in EXCHANGES if exchange.scheme]
REFUSED = [exchange for exchange in EXCHANGES if exchange.refusal]
WRONG_CREDENTIALS = {
    "ApiKey": {"X-API-Key": WRONG_KEY},
    "AccessToken": {"Authorization": "Bearer wrong"},
    "InternalToken": {"Authorization": "wrong"},
}
every = pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.route)
every_refused = pytest.mark.parametrize("exchange", REFUSED, ids=lambda exchange: exchange.route)
every_secured = pytest.mark.parametrize("exchange", SECURED, ids=lambda exchange: exchange.route)


async def call(
    client: httpx.AsyncClient,
    exchange: Exchange,
    headers: dict[str, str],
    *,
    malformed: bool = False,
) -> httpx.Response:
    """Send the good call of an endpoint, or its malformed one."""
    malformed = malformed and exchange.refusal is not None
    path = (malformed and exchange.malformed) or exchange.path
    body = exchange.malformed_body if malformed else exchange.body
    body = body() if callable(body) else body
    content = None if body is None else json.dumps(body).encode()
    return await client.request(exchange.method, path, content=content, headers=headers)


@every
async def test_a_good_call(
    client: httpx.AsyncClient,
    database: FakeDatabase,
    credentials: dict[str, dict[str, str]],
    exchange: Exchange,
) -> None:
    """It gets the declared status and members."""
    response = await call(client, exchange, credentials[exchange.scheme])
    answer = response.json()
    assert response.status_code == exchange.status, answer
    assert answer
    if isinstance(exchange.shows, dict):
        assert answer == answer | exchange.shows
    elif exchange.shows:
        assert answer == exchange.shows


@every_refused
async def test_a_malformed_call(
    client: httpx.AsyncClient,
    database: FakeDatabase,
    credentials: dict[str, dict[str, str]],
    exchange: Exchange,
) -> None:
    """It is refused with a reason, and writes nothing."""
    response = await call(client, exchange, credentials[exchange.scheme], malformed=True)
    assert exchange.refusal
    status, detail = exchange.refusal
    assert response.status_code == status, response.text
    assert detail in (None, response.json().get("detail"))
    assert not {name for name in database.statements if name.startswith(("write", "store"))}


@every_secured
@pytest.mark.parametrize("malformed", [False, True], ids=["well-formed", "malformed"])
@pytest.mark.parametrize("presents", ["nothing", "something wrong"])
async def test_a_rejected_caller(
    client: httpx.AsyncClient,
    database: FakeDatabase,
    exchange: Exchange,
    presents: str,
    malformed: bool,
) -> None:
    """Only an API key is looked up; the answer does not name the request's own faults."""
    headers = {} if presents == "nothing" else WRONG_CREDENTIALS[exchange.scheme]
    response = await call(client, exchange, headers, malformed=malformed)
    assert response.status_code == 401, response.text
    assert response.json()["detail"] in ("Invalid API Key.", "Unauthorized")
    if exchange.scheme != "ApiKey" or presents == "nothing":
        assert database.statements == []


def test_no_endpoint_is_left_out() -> None:
    """The table has every endpoint of both applications, with the credentials it declares."""
    declared = {
        f"{method.upper()} {path}": operation
        for document in (public_document(), internal_document())
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if not path.startswith("/health")
    }
    assert {exchange.route for exchange in EXCHANGES} == declared.keys()
    for exchange in EXCHANGES:
        operation = declared[exchange.route]
        schemes = [scheme for schemes in operation["security"] for scheme in schemes]
        assert exchange.scheme in (schemes or [""])
        has_input = "requestBody" in operation or operation.get("parameters")
        assert bool(exchange.refusal) == bool(has_input), exchange.route
