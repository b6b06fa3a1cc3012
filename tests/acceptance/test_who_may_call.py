"""The matrix of callers and endpoints: no caller gets access without permission."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from passport_scorer.tools.demo.world import API_KEYS, DEMO_API_KEY, PEOPLE

if TYPE_CHECKING:
    from tests.acceptance.conftest import Service, StartService

ADA, BOB = PEOPLE[0].address, PEOPLE[1].address
SECRET = "a secret of the tests, long enough for HS256"
INTERNAL_TOKEN = "the token of the internal network"
PRIVATE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = (
    PRIVATE_KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)

Call = tuple[str, str, object]
PARTNER: list[Call] = [
    ("GET", f"/v2/stamps/1/score/{ADA}", None),
    ("GET", f"/v2/stamps/1/score/{ADA}/history?created_at=2099-01-01", None),
    ("GET", f"/v2/stamps/{ADA}", None),
    ("GET", "/v2/stamps/metadata", None),
]
OWNER: list[Call] = [
    ("POST", "/ceramic-cache/stamps/bulk", []),
    ("PATCH", "/ceramic-cache/stamps/bulk", []),
    ("DELETE", "/ceramic-cache/stamps/bulk", []),
    ("GET", f"/ceramic-cache/score/{ADA}", None),
    ("POST", f"/ceramic-cache/score/{ADA}", {}),
    ("GET", "/ceramic-cache/stake/gtc", None),
]
INTERNAL: list[Call] = [
    ("GET", f"/internal/score/v2/1/{ADA}", None),
    ("GET", f"/internal/score/1/{ADA}", None),
    ("POST", "/internal/check-bans", [{"credentialSubject": {"id": f"did:x:{ADA}"}}]),
    ("POST", "/internal/check-revocations", {"proof_values": []}),
    ("GET", f"/internal/stake/gtc/{ADA}", None),
    ("GET", f"/internal/stake/legacy-gtc/{ADA}/1", None),
    ("GET", f"/internal/cgrants/contributor_statistics?address={ADA}", None),
    ("GET", f"/internal/allow-list/list/{ADA}", None),
    ("GET", "/internal/customization/credential/none", None),
    ("POST", f"/internal/embed/stamps/{ADA}", {"scorer_id": 1, "stamps": []}),
]
INTERNAL_FOR_ANYBODY: list[Call] = [
    ("GET", "/internal/embed/weights", None),
    ("GET", "/internal/embed/config?community_id=1", None),
    ("GET", f"/internal/embed/score/1/{ADA}", None),
]
ANYBODY: list[Call] = [
    ("GET", "/account/nonce", None),
    ("GET", f"/ceramic-cache/stamp?address={ADA}", None),
    ("GET", "/ceramic-cache/weights", None),
    ("GET", "/health", None),
]


def claims(**changes: object) -> dict[str, Any]:
    """Return the claims of a valid token of ada; a change to None omits a claim."""
    good = {
        "did": f"did:pkh:eip155:1:{ADA}",
        "token_type": "access",
        "iss": "passport-scorer",
        "iat": int(time.time()),
        "exp": int(time.time()) + 600,
        "jti": "1",
        **changes,
    }
    return {name: value for name, value in good.items() if value is not None}


def rs256(key: rsa.RSAPrivateKey = PRIVATE_KEY, **changes: object) -> str:
    """Return a token signed with RSA."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return jwt.encode({"alg": "RS256"}, claims(**changes), RSAKey.import_key(pem))


def hs256(secret: str = SECRET, **changes: object) -> str:
    """Return a token signed with a secret."""
    return jwt.encode({"alg": "HS256"}, claims(**changes), OctKey.import_key(secret))


def unprotected(header: Mapping[str, str], secret: bytes | None = None) -> str:
    """Return a token that no library creates: any header, signed with any bytes or unsigned."""
    signed = ".".join(map(encoded, (json.dumps(header).encode(), json.dumps(claims()).encode())))
    mac = hmac.digest(secret, signed.encode(), hashlib.sha256) if secret is not None else b""
    return f"{signed}.{encoded(mac)}"


def encoded(octets: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def refused_tokens() -> dict[str, str]:
    """Tokens that must be rejected."""
    now = int(time.time())
    return {
        "expired": rs256(exp=now - 1),
        "without an end": rs256(exp=None),
        "of another issuer": rs256(iss="somebody"),
        "of another RSA key": rs256(OTHER_KEY),
        "without did": rs256(did=None),
        "of no address": rs256(did="did:pkh:eip155:1:ada"),
        "of another secret": hs256("another secret, just as long as the right one"),
        "to refresh": hs256(token_type="refresh"),
        "expired, HS256": hs256(exp=now - 1),
        "alg none": unprotected({"alg": "none"}),
        "HS256 with the public key": unprotected({"alg": "HS256"}, PUBLIC_PEM.encode()),
        "HS256 with the public key, stripped": unprotected(
            {"alg": "HS256"}, PUBLIC_PEM.strip().encode()
        ),
        "RS512 of nobody": unprotected({"alg": "RS512"}, b""),
        "an API key": DEMO_API_KEY.key,
        "the internal token": INTERNAL_TOKEN,
        "garbage": "x.y.z",
        "a blank": "%20",
    }


@pytest.fixture(name="listeners")
async def both_listeners(
    start_service: StartService, demo_database_url: str
) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    """A service with everything configured, and a client of its internal listener."""
    service = await start_service(
        demo_database_url,
        "--internal-port",
        "0",
        CERAMIC_CACHE_SCORER_ID="1",
        CGRANTS_API_TOKEN=INTERNAL_TOKEN,
        JWT_SECRET=SECRET,
        SIWE_JWT_PUBLIC_KEY=PUBLIC_PEM,
    )
    port = service.events("listening_internally")[0]["port"]
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False
    ) as internal:
        yield service, internal


async def status(
    client: httpx.AsyncClient, call: Call, headers: Mapping[str, str] | None = None
) -> int:
    """Return the status of the response to a call."""
    method, path, body = call
    answer = await client.request(method, path, json=body, headers=headers)
    return answer.status_code


async def test_owners(listeners: tuple[Service, httpx.AsyncClient]) -> None:
    """A valid token of either kind gives access to its own address; all others are 401."""
    service, internal = listeners
    for call in OWNER:
        assert await status(service.client, call) == 401, call
        for name, token in refused_tokens().items():
            headers = {"Authorization": f"Bearer {token}"}
            assert await status(service.client, call, headers) == 401, (name, call)
        for token in (rs256(), hs256()):
            headers = {"Authorization": f"Bearer {token}"}
            expected = {"DELETE": {404}, "POST": {200, 201}}.get(call[0], {200})
            assert await status(service.client, call, headers) in expected, call
            assert await status(internal, call, headers) == 404, call


async def test_an_owner_of_another_address(listeners: tuple[Service, httpx.AsyncClient]) -> None:
    """A valid token neither shows nor scores another address."""
    service, _ = listeners
    headers = {"Authorization": f"Bearer {rs256(did=f'did:pkh:eip155:1:{BOB}')}"}
    for call in OWNER[3:5]:
        assert await status(service.client, call, headers) == 401, call


async def test_partners(listeners: tuple[Service, httpx.AsyncClient]) -> None:
    """A valid key gives access according to its permissions; every failure is the same 401."""
    service, internal = listeners
    tables = service.tables
    expired = "2024-01-01T00:00:00+00:00"
    keys = {
        "revoked": await tables.add_key(revoked=True),
        "wrong secret": DEMO_API_KEY.key + "x",
        "unknown": "nobody00.nothing",
        "a token": rs256(),
        "the internal token": INTERNAL_TOKEN,
        "empty": "",
    }
    await tables.rows(
        "UPDATE account_accountapikey SET expiry_date = $1::text::timestamptz WHERE prefix = $2",
        expired,
        (key := await tables.add_key()).partition(".")[0],
    )
    keys["expired"] = key
    for call in PARTNER:
        assert await status(service.client, call) == 401, call
        for name, key in keys.items():
            answer = await service.client.get(call[1], headers={"X-API-Key": key})
            refused = (answer.status_code, answer.json())
            assert refused == (401, {"detail": "Invalid API Key."}), (name, call)
        assert await status(internal, call, {"X-API-Key": DEMO_API_KEY.key}) == 404, call
    other = {"X-API-Key": API_KEYS[1].key}
    assert [await status(service.client, call, other) for call in PARTNER[:2]] == [404, 404]


async def test_the_internal_network(listeners: tuple[Service, httpx.AsyncClient]) -> None:
    """Only the internal token gives access to the internal listener; the public one has none."""
    service, internal = listeners
    wrong = [None, "", "wrong", f"Bearer {INTERNAL_TOKEN}", INTERNAL_TOKEN + "x", rs256()]
    right = {"Authorization": INTERNAL_TOKEN}
    for call in INTERNAL:
        for token in wrong:
            headers = {} if token is None else {"Authorization": token}
            assert await status(internal, call, headers) == 401, (token, call)
        assert await status(internal, call, right) in {200, 404}, call
        assert await status(service.client, call, right) == 404, call
    for call in INTERNAL_FOR_ANYBODY:
        assert await status(internal, call) == 200, call
        assert await status(service.client, call, right) == 404, call
    validate: Call = ("GET", "/internal/embed/validate-api-key", None)
    assert await status(internal, validate, right) == 401
    assert await status(internal, validate, {"X-API-Key": DEMO_API_KEY.key}) == 200


async def test_anyone(listeners: tuple[Service, httpx.AsyncClient]) -> None:
    """Some endpoints are open; an invalid credential does not close them."""
    service, _ = listeners
    for call in ANYBODY:
        assert await status(service.client, call) == 200, call
        assert await status(service.client, call, {"Authorization": "Bearer x"}) == 200, call


async def test_nothing_configured_is_closed(
    start_service: StartService, demo_database_url: str
) -> None:
    """Without keys and secrets, every token is rejected."""
    service = await start_service(demo_database_url, CERAMIC_CACHE_SCORER_ID="1")
    for token in (rs256(), hs256(), unprotected({"alg": "HS256"}, b"")):
        headers = {"Authorization": f"Bearer {token}"}
        for call in OWNER:
            assert await status(service.client, call, headers) == 401, call
    nonce = (await service.client.get("/account/nonce")).json()["nonce"]
    message = {"message": {"address": ADA, "nonce": nonce}, "signature": "0x00"}
    answer = await service.client.post("/ceramic-cache/authenticate/v2", json=message)
    assert answer.status_code == 400


async def test_the_routing_header(start_service: StartService, demo_database_url: str) -> None:
    """With a routing header configured, gated paths answer only requests that have it."""
    service = await start_service(
        demo_database_url, CERAMIC_CACHE_SCORER_ID="1", ROUTING_HEADER="X-Use-This-Scorer"
    )
    weights: Call = ("GET", "/ceramic-cache/weights", None)
    for value, expected in (("true", 200), ("false", 404), ("", 404)):
        headers = {"x-use-this-scorer": value}
        assert await status(service.client, weights, headers) == expected
    assert await status(service.client, weights) == 404
    assert (await service.score("ada")).status_code == 200
