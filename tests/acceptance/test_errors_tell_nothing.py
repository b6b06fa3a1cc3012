"""Errors are sentences for people; they reveal no internals, and no secret is logged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from passport_scorer.tools.demo.world import API_KEYS, DEMO_API_KEY, PEOPLE

if TYPE_CHECKING:
    from tests.acceptance.conftest import Service, StartService

GENERAL = "Something went wrong on our side. Please try again later."


async def test_a_fault_is_a_general_sentence(service: Service) -> None:
    """If scoring fails, the caller gets a general sentence, and nothing is written."""
    community = await service.tables.add_broken_community()
    tables = await service.tables.registry()
    answer = await service.score("bob", community)
    assert (answer.status_code, answer.json()) == (500, {"detail": GENERAL})
    assert await service.tables.registry() == tables


async def test_a_community_without_a_scorer(service: Service) -> None:
    """A scorer without weights and threshold counts as missing; there is no score of zero."""
    scorer = await service.tables.insert(
        "scorer_weighted_scorer", {"type": "WEIGHTED", "exclude_from_weight_updates": False}
    )
    community = await service.tables.add_community(scorer_id=scorer)
    answer = await service.score("bob", community)
    assert answer.status_code == 404
    assert answer.json() == {"detail": "No scorer matches the given criteria."}
    assert service.events("scorer_not_usable")[-1]["community_id"] == community


async def test_a_statement_that_the_database_refuses(
    demo_database_url: str, start_service: StartService
) -> None:
    """Neither the SQL nor the database's error message reaches the caller."""
    service = await start_service(demo_database_url)
    await service.tables.rows("ALTER TABLE registry_score RENAME COLUMN evidence TO proof_of_it")
    answer = await service.score("bob")
    assert (answer.status_code, answer.json()) == (500, {"detail": GENERAL})
    assert (await service.tables.registry())["event"] == 0


@pytest.mark.parametrize(
    "path",
    [
        *("/unknown", "/v2", "/v2/stamps/1/score", "/health/nothing", "/docs/nothing.js"),
        *("/internal/score/v2/1/" + PEOPLE[0].address, "/metrics", "/.env", "//health"),
    ],
)
async def test_unknown_paths(service: Service, path: str) -> None:
    """An unknown path is 404; internal paths do not exist for the public."""
    answer = await service.client.get(service.base_url + path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


async def test_a_slash_at_the_end(service: Service) -> None:
    """Paths have no trailing slash, except the one that load balancers probe."""
    path = f"/v2/stamps/1/score/{PEOPLE[0].address}/"
    answer = await service.client.get(path, headers={"X-API-Key": DEMO_API_KEY.key})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
    assert (await service.client.get("/docs/")).status_code == 404
    assert (await service.client.get("/health/")).status_code == 200
    assert (await service.client.get("/health")).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
async def test_other_methods(service: Service, method: str) -> None:
    """An unsupported method is 405, and the response lists the supported ones."""
    for path in ("/health", f"/v2/stamps/1/score/{PEOPLE[0].address}", "/openapi.json"):
        answer = await service.client.request(method, path)
        assert (answer.status_code, answer.json()) == (405, {"detail": "Method Not Allowed"})
        assert "GET" in answer.headers["allow"]


async def test_head(service: Service) -> None:
    """HEAD is GET without the body."""
    path = f"/v2/stamps/1/score/{PEOPLE[0].address}"
    answer = await service.client.head(path, headers={"X-API-Key": DEMO_API_KEY.key})
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0
    assert (await service.client.head(path)).status_code == 401


async def test_preflight(service: Service) -> None:
    """Any page can call with any method and headers (CORS preflight)."""
    answer = await service.client.options(
        f"/v2/stamps/1/score/{PEOPLE[0].address}",
        headers={
            "Origin": "https://example.org",
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "x-api-key, x-anything",
        },
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert "x-api-key" in allowed
    assert "x-anything" in allowed


async def test_answers_to_other_pages(service: Service) -> None:
    """Any page can read responses, including all kinds of errors (CORS)."""
    origin = {"Origin": "https://example.org"}
    key = await service.tables.add_key(rate_limit="2/15m")
    broken = await service.tables.add_broken_community()
    answers = [
        await service.score("bob", headers=origin),
        await service.score("bob", key=None, headers=origin),
        await service.score("no address", key=key, headers=origin),
        await service.score("bob", "unknown", key, headers=origin),
        await service.score("bob", key=key, headers=origin),
        await service.score("bob", broken, headers=origin),
        await service.client.get("/unknown", headers=origin),
        await service.client.delete("/health", headers=origin),
        await service.client.get("/" + "x" * 10_000, headers=origin),
    ]
    assert [answer.status_code for answer in answers] == [
        *(200, 401, 400, 404, 429, 500, 404, 405, 414)
    ]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_no_answer_tells_what_runs_here(service: Service) -> None:
    """No header names the software or its version."""
    for path in ("/health", "/unknown", "/openapi.json"):
        headers = (await service.client.get(path)).headers
        assert "server" not in headers
        assert "x-powered-by" not in headers


async def test_no_secret_in_the_log(demo_database_url: str, start_service: StartService) -> None:
    """From start to stop, no key, password or credential is logged."""
    password = "a-password-that-must-stay-secret"
    url = demo_database_url.replace("postgres@", f"postgres:{password}@")
    service = await start_service(url, SECRET_KEY="secret-of-tokens", JWT_SECRET="another-secret")
    slow = await service.tables.add_key(hashed_key="unknown$format$hash", hashed_key_sha256=None)
    broken = await service.tables.add_broken_community()
    for person in PEOPLE:
        await service.score(person.name)
    await service.score("bob", broken)
    await service.score("bob", key=slow)
    await service.score("bob", key="demokey1.wrong-secret")
    await service.score("bob", key=None, headers={"Authorization": f"Bearer {DEMO_API_KEY.key}"})
    await service.score("no-address?key=" + DEMO_API_KEY.key)
    await service.client.get(f"/unknown?key={DEMO_API_KEY.key}")
    await service.client.get(f"/unknown/{DEMO_API_KEY.key}")
    await service.tables.rows("DROP TABLE account_accountapikeyanalytics")
    await service.score("bob")
    await service.tables.rows("ALTER TABLE registry_score RENAME COLUMN evidence TO proof_of_it")
    await service.score("ada")
    await service.client.aclose()
    await service.stop()
    logged = "\n".join(service.lines())
    assert len(service.events("request")) > len(PEOPLE)
    proofs = await service.tables.rows("SELECT proof_value FROM ceramic_cache_ceramiccache")
    nullifiers = await service.tables.rows("SELECT hash FROM registry_hashscorerlink")
    hashes = await service.tables.rows(
        "SELECT hashed_key, hashed_key_sha256 FROM account_accountapikey"
    )
    assert nullifiers
    secrets = [
        *(password, "secret-of-tokens", "another-secret", "wrong-secret"),
        *(key.key.partition(".")[2] for key in API_KEYS),
        slow.partition(".")[2],
        *(value for row in (*proofs, *nullifiers, *hashes) for value in row.values() if value),
    ]
    assert [secret for secret in secrets if secret in logged] == []


async def test_the_log_is_one_object_a_line(
    demo_database_url: str, start_service: StartService
) -> None:
    """Each line of the log is a JSON object with an event, a level and a time."""
    service = await start_service(demo_database_url, ENVIRONMENT="acceptance")
    broken = await service.tables.add_broken_community()
    await service.score("bob", broken)
    await service.score("gus")
    await service.client.aclose()
    await service.stop()
    for line in service.lines():
        event = json.loads(line)
        assert {"event", "level", "timestamp"} <= event.keys()
        assert event["environment"] == "acceptance"
