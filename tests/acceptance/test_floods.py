"""A flood affects only the peer that causes it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from passport_scorer.tools.demo.world import API_KEYS, DEMO_API_KEY, PEOPLE

from .test_contract import SECRET, access_token

if TYPE_CHECKING:
    import httpx

    from tests.acceptance.conftest import Service, StartService

LIMIT = 5
ATTACKER, PARTNER = "192.0.2.66", "192.0.2.7"
BEHIND_A_PROXY = {"TRUSTED_PROXY_COUNT": "1", "FAILED_CALLS_PER_MINUTE": str(LIMIT)}
LIMITED = {"detail": "You have been rate limited!"}


def pbkdf2_hash(key: str) -> str:
    """A hash that takes long enough for a queue to form."""
    derived = hashlib.pbkdf2_hmac("sha256", key.encode(), b"salt", 50_000)
    return f"pbkdf2_sha256$50000$salt${base64.b64encode(derived).decode()}"


async def score(service: Service, key: str, peer: str) -> httpx.Response:
    """Request a score through a proxy; entries forged by the caller come first."""
    forwarded = {"X-Forwarded-For": f"203.0.113.1, {peer}"}
    return await service.score("ada", key=key, headers=forwarded)


async def statuses(service: Service, peer: str, count: int, prefix: str | None = None) -> list[int]:
    """Present different wrong keys, one at a time."""
    keys = (f"{prefix or f'u{number}'}.wrong-{number}" for number in range(count))
    return [(await score(service, key, peer)).status_code for key in keys]


async def test_a_flood_of_wrong_keys(start_service: StartService, demo_database_url: str) -> None:
    """Too many wrong keys get 429 without a database query, and partners are not affected."""
    service = await start_service(demo_database_url, "--internal-port", "0", **BEHIND_A_PROXY)
    prefix = DEMO_API_KEY.key.partition(".")[0]
    assert await statuses(service, ATTACKER, 20, prefix) == [401] * LIMIT + [429] * 15
    refused = await score(service, f"{prefix}.wrong", ATTACKER)
    assert refused.json() == LIMITED
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    # The key itself works from elsewhere during the flood, then from the attacker's address.
    assert (await score(service, DEMO_API_KEY.key, PARTNER)).status_code == 200
    assert (await score(service, DEMO_API_KEY.key, ATTACKER)).status_code == 200
    # Another partner behind the attacker's address, with a key that is new to the process.
    assert (await score(service, API_KEYS[1].key, ATTACKER)).status_code in (200, 404)
    assert (
        await statuses(service, "2001:db8::1", 4 * LIMIT) == [401] * 2 * LIMIT + [429] * 2 * LIMIT
    )
    assert await statuses(service, "2001:db8::2", 1) == [429]
    assert await statuses(service, "2001:db8:0:1::1", 1) == [401]
    peers = [event["peer"] for event in service.events("peer_limited")]
    assert peers == [ATTACKER, "2001:db8::/64"]
    port = service.events("listening_internally")[0]["port"]
    metrics = await service.client.get(f"http://127.0.0.1:{port}/metrics")
    assert 'calls_limited_total{reason="failed_calls"} 27.0' in metrics.text


@pytest.mark.slow
async def test_pbkdf2_hashes_are_checked_for_all_callers(
    start_service: StartService, demo_database_url: str
) -> None:
    """While wrong secrets flood prefixes with PBKDF2 hashes, each partner is still served."""
    service = await start_service(
        demo_database_url, **{**BEHIND_A_PROXY, "FAILED_CALLS_PER_MINUTE": "0"}
    )
    keys = [
        await service.tables.add_key(hashed_key=pbkdf2_hash, hashed_key_sha256=None)
        for _ in range(12)
    ]
    under_way, answered = asyncio.Event(), asyncio.Event()
    attacks: Counter[int] = Counter()

    async def attack(number: int) -> None:
        prefix = keys[number % 5].partition(".")[0]
        for attempt in range(10_000):
            if answered.is_set():
                return
            key = f"{prefix}.wrong-{number}-{attempt}"
            attacks[(await score(service, key, ATTACKER)).status_code] += 1
            if attacks.total() == 100:
                under_way.set()

    async def partner(number: int) -> int:
        return (await score(service, keys[number], f"192.0.2.{number}")).status_code

    attackers = [asyncio.ensure_future(attack(number)) for number in range(100)]
    await under_way.wait()
    partners = await asyncio.gather(*map(partner, range(12)))
    answered.set()
    await asyncio.gather(*attackers)
    assert partners == [200] * 12
    assert attacks.keys() <= {401, 503}


async def test_floods_of_anonymous_writes(
    start_service: StartService, demo_database_url: str
) -> None:
    """Nonces and first scores are limited per peer; calls that write nothing are not."""
    service = await start_service(
        demo_database_url,
        TRUSTED_PROXY_COUNT="1",
        ANONYMOUS_WRITES_PER_MINUTE=str(LIMIT),
        CERAMIC_CACHE_SCORER_ID="1",
    )

    async def got(path: str, peer: str) -> int:
        return (await service.client.get(path, headers={"X-Forwarded-For": peer})).status_code

    def stamps_of(number: int) -> str:
        return f"/ceramic-cache/stamp?address=0x{number:040x}"

    nonces = [await got("/account/nonce", ATTACKER) for _ in range(2 * LIMIT)]
    assert nonces == [200] * LIMIT + [429] * LIMIT
    assert await got(stamps_of(1), ATTACKER) == 429
    scored = [await got(stamps_of(number), "192.0.2.67") for number in range(2 * LIMIT)]
    assert scored == [200] * LIMIT + [429] * LIMIT
    assert {await got(stamps_of(number), ATTACKER) for number in range(LIMIT)} == {200}
    assert await got("/account/nonce", PARTNER) == 200
    count = "SELECT count(*) FROM registry_score JOIN registry_passport AS p ON p.id = passport_id"
    where = f"{count} WHERE address < '0x{2 * LIMIT:040x}'"
    assert await service.tables.value(where) == LIMIT
    assert await service.tables.value("SELECT count(*) FROM account_nonce") == LIMIT + 1
    refused = await service.client.get("/account/nonce", headers={"X-Forwarded-For": ATTACKER})
    assert (refused.json(), int(refused.headers["Retry-After"]) <= 60) == (LIMITED, True)


async def test_stamps_without_bounds_are_refused(
    start_service: StartService, demo_database_url: str
) -> None:
    """Input that would expand is rejected with its position, and nothing is stored."""
    service = await start_service(
        demo_database_url,
        CERAMIC_CACHE_SCORER_ID="1",
        JWT_SECRET=SECRET,
        MAX_STAMPS_PER_ADDRESS="12",
    )
    ada = PEOPLE[0].address
    live = "SELECT count(*) FROM ceramic_cache_ceramiccache WHERE address = $1"
    before = await service.tables.value(live, ada)

    async def post(*entries: str, path: str = "/ceramic-cache/stamps/bulk") -> httpx.Response:
        return await service.client.post(
            path,
            content=f"[{','.join(entries)}]",
            headers={"Authorization": f"Bearer {access_token()}"},
        )

    def entry(provider: str, extra: Mapping[str, str] | None = None) -> str:
        members = {
            "credentialSubject": json.dumps({"provider": provider}),
            "proof": '{"proofValue": "0x01"}',
            **(extra or {}),
        }
        stamp = ",".join(f'"{name}":{value}' for name, value in members.items())
        return f'{{"provider":"{provider}","stamp":{{{stamp}}}}}'

    for value in (
        "1e131071",
        f"[{','.join(['1e131071'] * 1000)}]",
        "0e-16383",
        "9" * 5000,
        '"' + "x" * 70_000 + '"',
        "[" * 100 + "]" * 100,
        f"[{','.join(['{}'] * 600)}]",
        r'"\u0000"',
    ):
        answer = await post(entry("One"), entry("Two", {"x": value}))
        assert answer.status_code == 400, value[:50]
        assert answer.json()["detail"].startswith("Entry 2: ")
    full = await post(*(entry(f"P{number}") for number in range(13 - before)))
    assert (full.status_code, full.json()) == (
        400,
        {"detail": "An address may have at most 12 stamps."},
    )
    assert await service.tables.value(live, ada) == before
    fitting = await post(*(entry(f"P{number}") for number in range(12 - before)))
    assert (fitting.status_code, len(fitting.json()["stamps"])) == (201, 12)


async def test_a_key_in_the_place_of_an_address_stays_out_of_the_log(service: Service) -> None:
    """Anything that is not an address is masked."""
    secret = "k000000.a-secret-that-somebody-put-in-the-wrong-place"
    for path in (f"/v2/stamps/{secret}", f"/v2/stamps/1/score/{secret}"):
        answer = await service.client.get(path, headers={"X-API-Key": DEMO_API_KEY.key})
        assert answer.status_code == 400
    await service.log_is_complete()
    assert "a-secret-that-somebody" not in "\n".join(service.lines())
    assert service.events("request")[-1]["address"] == "(not an address)"
