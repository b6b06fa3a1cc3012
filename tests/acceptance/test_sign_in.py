"""Owners sign in over HTTP, and use the token that they get."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from eth_account import Account
from eth_account.messages import encode_defunct

from tests.integration.sign_in.node import running_node
from tests.integration.sign_in.wallets import wallet

from .conftest import SERVING, Service, StartService, StartSharedService

SIGN_IN = "/ceramic-cache/authenticate/v2"
OWNER = Account.from_key("0x" + "17" * 32)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SETTINGS = {
    "SIWE_JWT_PUBLIC_KEY": KEY.public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode(),
    "SIWE_JWT_PRIVATE_KEY": KEY.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ).decode(),
    "SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE": '["app.example"]',
    "CERAMIC_CACHE_SCORER_ID": "1",
    # Nothing listens there.
    "ETHEREUM_RPC_URL": "http://127.0.0.1:1/hush-hush",
}


@pytest.fixture(scope="module")
async def door(start_shared_service: StartSharedService) -> Service:
    """A service that lets owners in."""
    return await start_shared_service(**SETTINGS)


async def signed(service: Service) -> dict[str, Any]:
    """Return the owner's sign-in request."""
    nonce = (await service.client.get("/account/nonce")).json()["nonce"]
    text = f"""app.example wants you to sign in with your Ethereum account:
{OWNER.address}

Welcome

URI: https://app.example
Version: 1
Chain ID: 1
Nonce: {nonce}
Issued At: 2026-03-01T12:00:00.000Z"""
    message = {
        "domain": "app.example",
        "address": OWNER.address,
        "statement": "Welcome",
        "uri": "https://app.example",
        "version": "1",
        "chainId": 1,
        "nonce": nonce,
        "issuedAt": "2026-03-01T12:00:00.000Z",
        "type": "unknown fields are ignored",
    }
    signature = bytes(OWNER.sign_message(encode_defunct(text=text)).signature)
    return {"message": message, "signature": "0x" + signature.hex()}


async def own_score(service: Service, *authorization: str) -> httpx.Response:
    """Request the owner's score with these `Authorization` headers."""
    headers = [("Authorization", value) for value in authorization]
    path = f"/ceramic-cache/score/{OWNER.address.lower()}"
    return await service.client.get(path, headers=headers)


async def test_from_nonce_to_score(door: Service) -> None:
    """A nonce, a signature, a token, a response; caches must not store any of them."""
    answer = await door.client.post(SIGN_IN, json=await signed(door))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert list(answer.json()) == ["access", "intercom_user_hash"]
    assert answer.json()["intercom_user_hash"] is None
    token = answer.json()["access"]
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert (await own_score(door, f"{scheme} {token}")).status_code == 200
    for headers in (
        (),
        (token,),
        (f"Basic {token}",),
        ("Bearer",),
        (f"Bearer {token}", f"Bearer {token}"),
        (f"Bearer {token}x",),
    ):
        refused = await own_score(door, *headers)
        assert (refused.status_code, refused.json()) == (401, {"detail": "Unauthorized"})
    assert token not in "\n".join(door.lines())


async def test_a_nonce_each(door: Service) -> None:
    """Nonces are 60 hexadecimal digits, and all are different."""
    answers = [await door.client.get("/account/nonce") for _ in range(3)]
    nonces = {answer.json()["nonce"] for answer in answers}
    assert len(nonces) == 3
    assert all(len(bytes.fromhex(nonce)) == 30 for nonce in nonces)
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


async def test_refusals(door: Service) -> None:
    """Each rejection is a 400 with its sentence, and the node's URL is not logged."""
    not_asked = len(door.events("wallet_not_asked"))
    good = await signed(door)
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"nonce": None}, good["signature"], "Missing address or nonce!"),
        ({"address": ""}, good["signature"], "Missing address or nonce!"),
        ({"address": "me.eth"}, good["signature"], "Invalid address format!"),
        ({"domain": "evil.example"}, good["signature"], "Verification failed!"),
        ({"nonce": "0" * 60}, good["signature"], "Invalid nonce!"),
        ({}, "0x00", "Invalid signature!"),
        ({}, good["signature"], "Invalid nonce!"),
    ]
    for changes, signature, sentence in cases:
        body = {"message": {**good["message"], **changes}, "signature": signature}
        answer = await door.client.post(SIGN_IN, json=body)
        assert (answer.status_code, answer.json()) == (400, {"detail": sentence})
    await door.log_is_complete()
    assert len(door.events("wallet_not_asked")) == not_asked + 1
    assert "hush-hush" not in "\n".join(door.lines())


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "2"},
        {"uri": "not a uri"},
        {"issuedAt": "yesterday"},
        {"issuedAt": "2026-02-30T12:00:00Z"},
        {"notBefore": "2026-02-03T25:00:00Z"},
        {"requestId": "a b"},
        {"resources": ["a b"]},
        {"statement": "a\u00a0b"},
        {"scheme": "ht tp"},
    ],
    ids=str,
)
async def test_an_invalid_message_leaves_the_nonce_unused(
    door: Service, changes: dict[str, Any]
) -> None:
    """A text that violates EIP-4361 gives no token, and the valid one still does."""
    rejected = len(door.events("sign_in_rejected"))
    good = await signed(door)
    body = {**good, "message": {**good["message"], **changes}}
    answer = await door.client.post(SIGN_IN, json=body)
    assert (answer.status_code, answer.json()) == (400, {"detail": "Verification failed!"})
    await door.log_is_complete()
    (event,) = door.events("sign_in_rejected")[rejected:]
    assert event["reason"] == f"{next(iter(changes))} is malformed"
    assert (await door.client.post(SIGN_IN, json=good)).status_code == 200
    assert good["message"]["nonce"] not in "\n".join(door.lines())


@pytest.mark.parametrize(
    "changes",
    [
        {"requestId": "", "notBefore": "", "expirationTime": None, "resources": None},
        {"chainId": None},
        {"chainId": "1"},
        {"scheme": ""},
    ],
    ids=str,
)
async def test_what_means_the_same(door: Service, changes: dict[str, Any]) -> None:
    """Empty fields, a missing chain, and all spellings of the signature are accepted."""
    good = await signed(door)
    message = {**good["message"], **changes}
    signature = good["signature"].removeprefix("0x").upper()
    answer = await door.client.post(SIGN_IN, json={"message": message, "signature": signature})
    assert answer.status_code == 200


async def test_a_wallet_of_another_chain_that_signed_on_chain(
    start_service: StartService, demo_database_url: str
) -> None:
    """The node of the message's chain is asked about a signature `0x`."""
    async with running_node() as node:
        settings = {**SETTINGS, "ETHEREUM_RPC_URLS": json.dumps({"8453": node.url})}
        service = await start_service(demo_database_url, **settings)
        node.world.contracts[bytes.fromhex(OWNER.address[2:])] = wallet(b"")
        for chain_id, status in ((8453, 200), (10, 400)):
            message = {**(await signed(service))["message"], "chainId": chain_id}
            body = {"message": message, "signature": "0x"}
            assert (await service.client.post(SIGN_IN, json=body)).status_code == status
        assert node.key not in "\n".join(service.lines())


async def test_malformed_nodes_stop_the_start(command: Any) -> None:
    """A malformed list of nodes is reported in one line with the variable, but no URL."""
    done = command("serve", ETHEREUM_RPC_URLS='{"base": "https://a.example/hush-hush"}', **SERVING)
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    assert "ETHEREUM_RPC_URLS" in line
    assert "hush-hush" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"message": {}}',
        b'{"signature": "0x00"}',
        b'{"message": [], "signature": "0x00"}',
        b'{"message": {}, "signature": null}',
        b'{"message": {"chainId": 1.5}, "signature": "0x00"}',
        b'{"message": {"address": "\\ud800"}, "signature": "0x00"}',
        b'{"message": {"x": ' + b"[" * 50_000,
    ],
    ids=range(9),
)
async def test_bodies_of_the_wrong_shape(service: Service, body: bytes) -> None:
    """A body without message or signature, or with another structure, is a 422."""
    answer = await service.client.post(SIGN_IN, content=body)
    assert answer.status_code == 422
    assert {"type", "loc", "msg"} == set(answer.json()["detail"][0])


async def test_sign_in_fails_where_nothing_is_configured(service: Service) -> None:
    """Without sites sign-in is disabled, and without keys every token is rejected."""
    answer = await service.client.post(SIGN_IN, json=await signed(service))
    assert (answer.status_code, answer.json()) == (400, {"detail": "Verification failed!"})
    assert (await own_score(service, "Bearer a.b.c")).status_code == 401


async def test_a_malformed_key_stops_the_start(command: Any) -> None:
    """A malformed key is reported in one line with the variable, but not the key."""
    done = command(
        "serve", SIWE_JWT_PRIVATE_KEY="-----BEGIN RSA PRIVATE KEY----- hush-hush", **SERVING
    )
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1
    assert "SIWE_JWT_PRIVATE_KEY" in lines[0]
    assert "hush-hush" not in done.stderr + done.stdout
