"""`GET /v2/stamps/{scorer_id}/score/{address}`, as partners call it."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from passport_scorer.domain.timestamps import event_time
from passport_scorer.tools.demo.world import API_KEYS, DEMO_API_KEY

if TYPE_CHECKING:
    import httpx

    from tests.acceptance.conftest import Service, StartService

KEYS = [
    "address",
    "score",
    "passing_score",
    "last_score_timestamp",
    "expiration_timestamp",
    "threshold",
    "error",
    "stamps",
    "points_data",
    "possible_points_data",
    "linked_score",
]
FAR = "2099-12-31T00:00:00+00:00"
NOBODY = "0x" + "12" * 20
INVALID_KEY = (401, {"detail": "Invalid API Key."})
NO_SCORER = (404, {"detail": "No scorer matches the given criteria."})


def shown(answer: httpx.Response) -> tuple[int, Any]:
    """Return the status and the body of a response."""
    return answer.status_code, answer.json()


def counted(score: str) -> dict[str, object]:
    """Return the response for a demo stamp that counts."""
    return {"score": score, "dedup": False, "expiration_date": FAR}


def clashing() -> dict[str, object]:
    """Return the response for a demo stamp that another address has claimed."""
    return {"score": "0.00000", "dedup": True, "expiration_date": "2099-12-31T00:00:00Z"}


def pbkdf2_hash(key: str) -> str:
    """Return the hash that Django stores for a key, with few iterations."""
    derived = hashlib.pbkdf2_hmac("sha256", key.encode(), b"salt", 1000)
    return f"pbkdf2_sha256$1000$salt${base64.b64encode(derived).decode()}"


async def test_a_passing_address(service: Service) -> None:
    """An address with enough stamps passes, and all members are exact and in order."""
    community = await service.tables.add_community()
    before = datetime.now(UTC)
    answer = await service.score("ada", community)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == KEYS
    computed_at = datetime.fromisoformat(body.pop("last_score_timestamp"))
    assert before <= computed_at <= datetime.now(UTC)
    assert computed_at.isoformat() in answer.text
    assert body == {
        "address": "0x80970b5aeec83ebcffa1ad636177c6b62927523a",
        "score": "21.31100",
        "passing_score": True,
        "expiration_timestamp": FAR,
        "threshold": "20.00000",
        "error": None,
        "stamps": {
            "Google": counted("0.52500"),
            "Github": counted("1.50000"),
            "Ens": counted("0.20800"),
            "HolonymGovIdProvider": counted("16.02600"),
            "HolonymPhone": counted("1.52100"),
            "Linkedin": counted("1.53100"),
        },
        "points_data": None,
        "possible_points_data": None,
        "linked_score": None,
    }


async def test_a_failing_address(service: Service) -> None:
    """An address with cheap stamps does not pass; its score is still their sum."""
    community = await service.tables.add_community()
    body = (await service.score("bob", community)).json()
    assert (body["score"], body["passing_score"]) == ("0.72400", False)
    assert body["stamps"] == {"Discord": counted("0.51600"), "Ens": counted("0.20800")}


async def test_the_answer_is_stored(service: Service) -> None:
    """The score row matches the response, and there is one event."""
    community = await service.tables.add_community()
    body = (await service.score("bob", community)).json()
    (row,) = await service.tables.rows(
        """
        SELECT s.*, p.address FROM registry_score s JOIN registry_passport p ON p.id = s.passport_id
        WHERE p.community_id = $1
        """,
        community,
    )
    assert (row["address"], row["score"], row["status"]) == (body["address"], 0, "DONE")
    assert row["last_score_timestamp"].isoformat() == body["last_score_timestamp"]
    assert row["expiration_date"].isoformat() == body["expiration_timestamp"]
    assert row["stamps"] == body["stamps"]
    assert row["evidence"] == {
        "type": "ThresholdScoreCheck",
        "success": False,
        "rawScore": "0.724",
        "threshold": "20.00000",
    }
    events = await service.tables.rows(
        "SELECT action, data FROM registry_event WHERE community_id = $1", community
    )
    ((action, data),) = [(event["action"], event["data"]) for event in events]
    assert (action, data["model"], data["pk"]) == ("SCU", "registry.score", row["id"])
    assert data["fields"] == {
        "passport": row["passport_id"],
        "score": "0",
        "last_score_timestamp": event_time(row["last_score_timestamp"]),
        "status": "DONE",
        "error": None,
        "evidence": row["evidence"],
        "stamp_scores": {"Discord": 0.516, "Ens": 0.208},
        "stamps": body["stamps"],
        "expiration_date": event_time(row["expiration_date"]),
    }


async def test_the_event_of_a_score_without_stamps(service: Service) -> None:
    """The score has no expiry."""
    community = await service.tables.add_community()
    await service.score("0x" + "12" * 20, community)
    (event,) = await service.tables.rows(
        "SELECT data FROM registry_event WHERE community_id = $1", community
    )
    assert event["data"]["fields"]["expiration_date"] is None


@pytest.mark.parametrize(("first", "second"), [("dan", "eve"), ("eve", "dan")])
async def test_who_comes_first_keeps_a_shared_account(
    service: Service, first: str, second: str
) -> None:
    """The address scored first keeps the stamp; the other one's stamp scores 0."""
    community = await service.tables.add_community()
    for _ in range(2):
        stamps = (await service.score(first, community)).json()["stamps"]
        assert stamps["Linkedin"] == counted("1.53100")
        stamps = (await service.score(second, community)).json()["stamps"]
        assert stamps["Linkedin"] == clashing()
        assert sum(stamp["dedup"] for stamp in stamps.values()) == 1


async def test_an_expired_stamp(service: Service) -> None:
    """An expired stamp is omitted, as if it did not exist."""
    community = await service.tables.add_community()
    body = (await service.score("finn", community)).json()
    assert body["stamps"] == {"Github": counted("1.50000")}
    assert (body["score"], body["expiration_timestamp"]) == ("1.50000", FAR)


async def test_a_tampered_stamp(service: Service) -> None:
    """A stamp that was changed after signing is omitted."""
    community = await service.tables.add_community()
    body = (await service.score("gus", community)).json()
    assert (body["score"], body["stamps"]) == ("0.51600", {"Discord": counted("0.51600")})


async def test_no_stamps(service: Service) -> None:
    """An address without stamps has a score of zero that never expires."""
    community = await service.tables.add_community()
    body = (await service.score("hana", community)).json()
    assert (body["score"], body["passing_score"]) == ("0.00000", False)
    assert (body["stamps"], body["expiration_timestamp"]) == ({}, None)


async def test_older_stamps(service: Service) -> None:
    """Stamps signed with Ed25519 count like the others, alone and together with them."""
    community = await service.tables.add_community()
    body = (await service.score("ivo", community)).json()
    assert body["stamps"] == {"Google": counted("0.52500"), "Brightid": counted("0.20200")}
    body = (await service.score("jun", community)).json()
    assert (body["score"], body["passing_score"]) == ("22.02200", True)


async def test_a_stamp_without_a_weight(service: Service) -> None:
    """A stamp without a weight is kept and scores 0."""
    community = await service.tables.add_community()
    body = (await service.score("lea", community)).json()
    assert body["stamps"]["NobodyKnowsThis"] == counted("0.00000")
    assert body["score"] == "0.20800"


async def test_each_community_has_its_own_weights(service: Service) -> None:
    """An address passes in one community and fails in another."""
    standard = (await service.score("kim", 1)).json()
    few = (await service.score("kim", 2)).json()
    assert (standard["score"], standard["passing_score"]) == ("0.73300", False)
    assert (few["score"], few["threshold"], few["passing_score"]) == ("3.00000", "2.50000", True)


async def test_exact_sums(service: Service) -> None:
    """Weights are summed exactly and then rounded half to even, in any notation."""
    community = await service.tables.add_community({"Ens": 0.1, "Discord": "0.200005"})
    body = (await service.score("bob", community)).json()
    assert body["score"] == "0.30000"
    assert body["stamps"]["Discord"]["score"] == "0.20000"


async def test_addresses_in_any_letter_case(service: Service) -> None:
    """The letter case of an address is ignored; checksums are not checked."""
    community = await service.tables.add_community()
    address = (await service.score("ada", community)).json()["address"]
    for digits in (address[2:].upper(), address[2:].title(), address[2:]):
        answer = await service.score("0x" + digits, community)
        assert (answer.status_code, answer.json()["address"]) == (200, address)
        assert answer.json()["score"] == "21.31100"
    rows = await service.tables.value(
        "SELECT count(*) FROM registry_passport WHERE community_id = $1", community
    )
    assert rows == 1


@pytest.mark.parametrize(
    "address",
    [
        "0x",
        "0x" + "1" * 39,
        "0x" + "1" * 41,
        "0X" + "1" * 40,
        "1" * 42,
        "0x" + "g" * 40,
        "vitalik.eth",
        "0x" + "1" * 39 + "%0a",
        "0x" + "1" * 40 + "%0a",
        "0x" + "%d9%a1" * 40,
    ],
)
async def test_invalid_addresses(service: Service, address: str) -> None:
    """Anything but 0x and 40 hexadecimal digits is rejected."""
    assert shown(await service.score(address)) == (400, {"detail": "Invalid address."})


@pytest.mark.parametrize("scorer", [3, 999_999, "no-such-id", "0", "1.0", "+1", "1e0", "%20 1"])
async def test_missing_scorers_and_those_of_others(service: Service, scorer: object) -> None:
    """An unknown scorer and a scorer of another account are indistinguishable."""
    assert shown(await service.score("bob", scorer)) == NO_SCORER


async def test_each_account_has_its_own_scorers(service: Service) -> None:
    """The key of another account works with its own scorers, and not with ours."""
    key = API_KEYS[1].key
    assert (await service.score("bob", 3, key)).json()["threshold"] == "15.50000"
    assert shown(await service.score("bob", 1, key)) == NO_SCORER


async def test_the_public_demo(service: Service) -> None:
    """An alias stands for the demo key, and a negative scorer id for the demo's scorer."""
    answer = await service.score("bob", -1, "demo")
    assert (answer.status_code, answer.json()["threshold"]) == (200, "20.00000")
    for number in (-7, -(2**63), -(10**40)):
        assert (await service.score("bob", number, "demo")).status_code == 200
    assert (await service.score("bob", 1, "demo")).status_code == 200
    assert shown(await service.score("bob", -1, API_KEYS[1].key)) == NO_SCORER
    assert shown(await service.score("bob", -1, "Demo")) == INVALID_KEY


async def test_the_external_id_is_tried_first(service: Service) -> None:
    """A scorer is found by its external id, even if that is the number of another scorer."""
    key = await service.tables.add_key()
    weights = {"Ens": "7"}
    community = await service.tables.add_community(weights, external_scorer_id="0xAbC")
    by_external = (await service.score("bob", "0xAbC", key)).json()
    assert by_external["score"] == "7.00000"
    assert by_external["stamps"] == (await service.score("bob", community, key)).json()["stamps"]
    assert shown(await service.score("bob", "0xabc", key)) == NO_SCORER
    other = await service.tables.add_community()
    await service.tables.add_community({"Ens": "9"}, external_scorer_id=str(other))
    assert (await service.score("bob", other, key)).json()["score"] == "9.00000"


async def test_the_external_id_of_another_account(service: Service) -> None:
    """Another account's external id matches nothing, and does not hide our scorer's number."""
    own = await service.tables.add_community({"Ens": "4"})
    await service.tables.add_community({"Ens": "5"}, account_id=2, external_scorer_id=str(own))
    assert (await service.score("bob", own)).json()["score"] == "4.00000"
    assert (await service.score("bob", own, API_KEYS[1].key)).json()["score"] == "5.00000"


async def test_a_deleted_community_still_scores(service: Service) -> None:
    """A deleted community still scores."""
    community = await service.tables.add_community(deleted_at=datetime.now(UTC))
    assert (await service.score("bob", community)).json()["score"] == "0.72400"


@pytest.mark.parametrize("scheme", ["Bearer", "Token", "whatever"])
async def test_the_key_in_the_header_authorization(service: Service, scheme: str) -> None:
    """A key can be sent in Authorization, with any scheme."""
    headers = {"Authorization": f"{scheme} {DEMO_API_KEY.key}"}
    assert (await service.score("bob", key=None, headers=headers)).status_code == 200


async def test_x_api_key_comes_first(service: Service) -> None:
    """With both headers, only X-API-Key counts."""
    headers = {"Authorization": f"Bearer {DEMO_API_KEY.key}"}
    assert shown(await service.score("bob", key="nobody.knows", headers=headers)) == INVALID_KEY
    headers = {"Authorization": "Bearer nobody.knows"}
    assert (await service.score("bob", headers=headers)).status_code == 200


@pytest.mark.parametrize("address", ["bob", "no address"])
@pytest.mark.parametrize("scorer", [1, 3, "unknown"])
@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        "demokey1",
        "demokey1.",
        ".read-the-readme-and-try-this-key",
        "demokey1.wrong",
        "demokey1.read-the-readme-and-try-this-ke",
        "demokey1.read-the-readme-and-try-this-key2",
        "DEMOKEY1.read-the-readme-and-try-this-key",
        "demokey9.read-the-readme-and-try-this-key",
    ],
)
async def test_no_key_comes_before_everything_else(
    service: Service, key: str | None, scorer: object, address: str
) -> None:
    """Without a valid key, the response is the same for any request."""
    assert shown(await service.score(address, scorer, key)) == INVALID_KEY


async def test_a_key_that_may_not_read_scores(service: Service) -> None:
    """A key without the permission is rejected before the address and scorer are checked."""
    key = await service.tables.add_key(read_scores=False)
    for scorer, address in ((1, "bob"), (1, "no address"), ("unknown", "bob")):
        answer = await service.score(address, scorer, key)
        assert shown(answer) == (403, {"detail": "Invalid permissions for action."})


async def test_the_address_comes_before_the_scorer(service: Service) -> None:
    """An invalid address is rejected before the scorer is checked."""
    assert shown(await service.score("no address", 3)) == (400, {"detail": "Invalid address."})


async def test_revoked_and_expired_keys(service: Service) -> None:
    """A revoked or expired key is invalid; one that will expire later is valid."""
    now, day = datetime.now(UTC), timedelta(days=1)
    revoked = await service.tables.add_key(revoked=True)
    expired = await service.tables.add_key(expiry_date=now - day)
    expiring = await service.tables.add_key(expiry_date=now + day)
    assert shown(await service.score("bob", key=revoked)) == INVALID_KEY
    assert shown(await service.score("bob", key=expired)) == INVALID_KEY
    assert (await service.score("bob", key=expiring)).status_code == 200


async def test_revoking_works_at_once(service: Service) -> None:
    """A key revoked while the service runs is rejected with the next call."""
    key = await service.tables.add_key()
    assert (await service.score("bob", key=key)).status_code == 200
    await service.tables.rows(
        "UPDATE account_accountapikey SET revoked = true WHERE hashed_key_sha256 = $1",
        "sha256$" + hashlib.sha256(key.encode()).hexdigest(),
    )
    assert shown(await service.score("bob", key=key)) == INVALID_KEY


async def test_a_key_with_the_pbkdf2_hash(service: Service) -> None:
    """A key with only a PBKDF2 hash works, and gets a SHA-256 hash; a wrong secret does not."""
    key = await service.tables.add_key(hashed_key=pbkdf2_hash, hashed_key_sha256=None)
    stored = "SELECT hashed_key_sha256 FROM account_accountapikey WHERE prefix = $1"
    prefix = key.partition(".")[0]
    assert shown(await service.score("bob", key=key + "x")) == INVALID_KEY
    assert await service.tables.value(stored, prefix) is None
    assert (await service.score("bob", key=key)).status_code == 200
    fast = "sha256$" + hashlib.sha256(key.encode()).hexdigest()
    await service.tables.eventually(fast, stored, prefix)
    assert (await service.score("bob", key=key)).status_code == 200
    assert shown(await service.score("bob", key=key + "x")) == INVALID_KEY


async def test_the_sha256_hash_alone_decides(service: Service) -> None:
    """If the SHA-256 hash does not match, a matching PBKDF2 hash does not help."""
    wrong = "sha256$" + "0" * 64
    key = await service.tables.add_key(hashed_key=pbkdf2_hash, hashed_key_sha256=wrong)
    assert shown(await service.score("bob", key=key)) == INVALID_KEY
    stored = "SELECT hashed_key_sha256 FROM account_accountapikey WHERE prefix = $1"
    assert await service.tables.value(stored, key.partition(".")[0]) == wrong


@pytest.mark.parametrize("stored", ["md5$salt$abc", "", "!", "pbkdf2_sha256$x$y$z"])
async def test_an_unknown_hash_never_matches(service: Service, stored: str) -> None:
    """A hash of an unknown format matches nothing, and is not logged."""
    key = await service.tables.add_key(hashed_key=stored, hashed_key_sha256=None)
    assert shown(await service.score("bob", key=key)) == INVALID_KEY
    prefix = key.partition(".")[0]
    (event,) = [
        event
        for event in service.events("unknown_hash_format")
        if event["api_key_prefix"] == prefix
    ]
    assert not stored or stored not in json.dumps(event)


async def test_the_rate_limit(service: Service) -> None:
    """Calls above the limit are rejected; every response has the rate limit headers."""
    key = await service.tables.add_key(rate_limit="3/15m")
    for left in (2, 1, 0):
        answer = await service.score("bob", key=key)
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == '"api";q=3;w=900'
        assert answer.headers["RateLimit"].startswith(f'"api";r={left};t=')
        assert "Retry-After" not in answer.headers
    answer = await service.score("bob", key=key)
    assert shown(answer) == (429, {"detail": "You have been rate limited!"})
    assert answer.headers["RateLimit-Policy"] == '"api";q=3;w=900'
    assert answer.headers["RateLimit"] == f'"api";r=0;t={answer.headers["Retry-After"]}'
    assert 0 < int(answer.headers["Retry-After"]) <= 900


async def test_the_limit_comes_before_permissions_and_what_was_asked_for(service: Service) -> None:
    """Rejected calls count as well; a wrong secret does not, because the caller is unknown."""
    key = await service.tables.add_key(rate_limit="2/15m", read_scores=False)
    assert (await service.score("bob", key=key + "x")).status_code == 401
    assert (await service.score("bob", key=key)).status_code == 403
    assert (await service.score("no address", key=key)).status_code == 403
    assert (await service.score("no address", key=key)).status_code == 429


@pytest.mark.parametrize(
    ("limit", "count", "window"),
    [("100/hour", 100, 3600), ("10/Min", 10, 60), ("125/60", 125, 60), ("a lot", 125, 900)],
)
async def test_a_rate_limit_as_people_write_it(
    service: Service, limit: str, count: int, window: int
) -> None:
    """All notations are supported, and a malformed limit counts as the default."""
    answer = await service.score("bob", key=await service.tables.add_key(rate_limit=limit))
    assert answer.headers["RateLimit-Policy"] == f'"api";q={count};w={window}'


@pytest.mark.parametrize("limit", [None, ""])
async def test_no_rate_limit(service: Service, limit: str | None) -> None:
    """A key without a limit is not limited, and gets no rate limit headers."""
    key = await service.tables.add_key(rate_limit=limit)
    for _ in range(5):
        answer = await service.score("bob", key=key)
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers


async def test_usage_is_recorded(service: Service) -> None:
    """A call leaves one complete row without secrets."""
    key = await service.tables.add_key()
    headers = {"Authorization": "Bearer my.secret", "Cookie": "session=secret", "X-Mine": "yes"}
    answer = await service.client.get(
        f"/v2/stamps/1/score/{NOBODY}?a=1&b=%C3%A9&a=0", headers={"X-API-Key": key, **headers}
    )
    (row,) = await service.tables.usage(key, 1)
    assert (row["path"], row["base_path"]) == (f"/v2/stamps/1/score/{NOBODY}", "v2")
    assert row["path_segments"] == ["v2", "stamps", "1", "score", NOBODY]
    assert row["query_params"] == {"a": ["1", "0"], "b": ["é"]}
    assert (row["status_code"], row["error"]) == (200, None)
    assert (row["response"], row["response_skipped"]) == (answer.text, False)
    masked = {name: row["headers"][name] for name in ("X-Api-Key", "Authorization", "Cookie")}
    assert set(masked.values()) == {"***"}
    assert row["headers"]["X-Mine"] == "yes"
    assert "secret" not in json.dumps({**row, "created_at": None})
    assert abs(row["created_at"] - datetime.now(UTC)) < timedelta(minutes=1)


async def test_usage_of_calls_that_fail(service: Service) -> None:
    """Rejected calls are recorded with their status, including wrong secrets."""
    key = await service.tables.add_key(rate_limit="3/15m")
    statuses = [
        (await service.score("no address", key=key)).status_code,
        (await service.score("bob", "unknown", key)).status_code,
        (await service.score("bob", key=key + "wrong")).status_code,
        (await service.score("bob", key=key)).status_code,
        (await service.score("bob", key=key)).status_code,
    ]
    assert statuses == [400, 404, 401, 200, 429]
    rows = await service.tables.usage(key, 5)
    assert [(row["status_code"], row["error"]) for row in rows] == [
        (400, "Invalid address."),
        (404, "No scorer matches the given criteria."),
        (401, "Unauthorized request"),
        (200, None),
        (429, "You have been rate limited!"),
    ]
    assert [row["response"] is None for row in rows] == [True, True, True, False, True]


async def test_usage_of_a_fault(service: Service) -> None:
    """A call with a valid key that ends with a 500 is counted and recorded."""
    key = await service.tables.add_key(rate_limit="9/15m")
    community = await service.tables.add_broken_community()
    answer = await service.score("bob", community, key)
    assert answer.status_code == 500
    assert answer.headers["RateLimit"].startswith('"api";r=8;')
    (row,) = await service.tables.usage(key, 1)
    assert row["status_code"] == 500


async def test_a_wrong_key_learns_nothing_of_faults(service: Service) -> None:
    """A wrong secret is rejected as such, even if scoring would fail."""
    key = await service.tables.add_key()
    community = await service.tables.add_broken_community()
    assert shown(await service.score("bob", community, key + "x")) == INVALID_KEY


@pytest.mark.parametrize(
    "query",
    [
        "a=%00",
        "a=%5Cu0000",
        "a=%5C%5Cu0000",
        "a=%ff%fe",
        "a=1&a=2",
        "%F0%9F%98%80=%ED%A0%80",
        "long=" + "".join(hashlib.sha512(bytes([number])).hexdigest() for number in range(50)),
    ],
    ids=range(7),
)
async def test_usage_with_odd_queries(service: Service, query: str) -> None:
    """A call is recorded for any query."""
    key = await service.tables.add_key()
    answer = service.request(
        f"/v2/stamps/1/score/{NOBODY}?{query}".encode(), (b"X-API-Key", key.encode())
    )
    assert answer.status == 200
    (row,) = await service.tables.usage(key, 1)
    assert row["status_code"] == 200


async def test_usage_with_an_odd_path(service: Service) -> None:
    """A call is recorded for any path, truncated if it exceeds the column."""
    key = await service.tables.add_key()
    odd = "".join(hashlib.sha512(bytes([number])).hexdigest() for number in range(50))
    for path in (odd, "%00", "%5Cu0000", "%ff"):
        target = f"/v2/stamps/{path}/score/{NOBODY}".encode()
        assert service.request(target, (b"X-API-Key", key.encode())).status == 404
    rows = await service.tables.usage(key, 4)
    assert {row["status_code"] for row in rows} == {404}


async def test_each_request_is_logged_with_its_caller(service: Service) -> None:
    """The log line of a call has the key's prefix, the address and the outcome."""
    key = await service.tables.add_key()
    community = await service.tables.add_community()
    await service.score("bob", community, key)
    await service.log_is_complete()
    lines = [line for line in service.lines() if key.partition(".")[0] in line]
    (event,) = [json.loads(line) for line in lines]
    assert (event["event"], event["status"], event["method"]) == ("request", 200, "GET")
    assert event["route"] == "/v2/stamps/{scorer_id}/score/{address}"
    assert event["api_key_prefix"] == key.partition(".")[0]
    assert event["address"] == "0x7df10f7fd70e1954cb3b760bb570b0713a1d8d22"
    assert event["duration_ms"] > 0


async def test_usage_can_be_turned_off(demo_database_url: str, start_service: StartService) -> None:
    """With FF_API_ANALYTICS=off no call is recorded, not even at shutdown."""
    service = await start_service(demo_database_url, FF_API_ANALYTICS="off")
    assert (await service.score("bob")).status_code == 200
    assert (await service.score("bob", key=DEMO_API_KEY.key + "x")).status_code == 401
    await service.client.aclose()
    await service.stop()
    assert await service.tables.value("SELECT count(*) FROM account_accountapikeyanalytics") == 0


async def test_usage_survives_a_stop(demo_database_url: str, start_service: StartService) -> None:
    """Calls answered before SIGTERM are recorded once each when the service has exited.

    The table is locked, so that the service is stopped while it is writing.
    """
    service = await start_service(demo_database_url)
    waiting = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    async with service.tables.connection() as connection:
        lock = connection.transaction()
        await lock.start()
        await connection.execute("LOCK TABLE account_accountapikeyanalytics")
        for _ in range(3):
            assert (await service.score("bob")).status_code == 200
        await service.tables.eventually(1, waiting)
        for _ in range(3):
            assert (await service.score("bob")).status_code == 200
        service.process.terminate()
        while service.accepts():
            pass
        # A service that aborts the write does so now; one that waits succeeds.
        for _ in range(100):
            if not await service.tables.value(waiting):
                break
        await lock.rollback()
    await service.client.aclose()
    await service.stopped()
    assert await service.tables.value("SELECT count(*) FROM account_accountapikeyanalytics") == 6
