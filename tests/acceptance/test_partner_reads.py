"""History, listing and catalogue, as partners call them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from passport_scorer.tools.demo.world import DEMO_API_KEY

from .test_score_endpoint import INVALID_KEY, KEYS, shown

if TYPE_CHECKING:
    import httpx

    from tests.acceptance.conftest import Service, StartService

PERSON = "0x" + "5a" * 20
NOON = datetime(2025, 5, 1, 12, tzinfo=UTC)
NO_CATALOGUE = (500, {"detail": "Error fetching external stamp metadata"})
LATER = {"created_at": "2025-06-01"}
PLATFORM = {
    "id": "Ens",
    "icon": "./icons/ens.svg",
    "name": "ENS",
    "description": "A name",
    "connectMessage": "Check",
    "groups": [
        {"name": "Names", "stamps": [{"name": "Ens", "description": "Has it", "hash": "0xc0"}]}
    ],
}


@pytest.fixture
def catalogue_url(tmp_path: Path) -> Iterator[str]:
    """Return the URL of a catalogue with one platform."""
    (tmp_path / "stampMetadata.json").write_text(json.dumps([PLATFORM]))

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path)) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


async def get(service: Service, path: str, key: str | None, **query: object) -> httpx.Response:
    """Send a request."""
    headers = {"X-API-Key": key} if key else {}
    params = {name: str(value) for name, value in query.items()}
    return await service.client.get(path, params=params or None, headers=headers)


async def history(
    service: Service, key: str | None, scorer: object = 1, address: str = PERSON, **query: object
) -> httpx.Response:
    """Request an earlier score."""
    return await get(service, f"/v2/stamps/{scorer}/score/{address}/history", key, **query)


async def add_event(service: Service, community: int, **values: object) -> None:
    """Add a score event at noon."""
    event = {
        "action": "SCU",
        "address": PERSON,
        "created_at": NOON,
        "data": {"score": "1", "evidence": {"rawScore": "21.5", "threshold": "20"}, **values},
        "community_id": community,
    }
    await service.tables.insert("registry_event", event)


async def historian(service: Service) -> str:
    """Return a key that can request earlier scores."""
    return await service.tables.add_key(historical_endpoint=True)


async def test_an_earlier_score(service: Service) -> None:
    """The response is the score object with its eleven members, as in the event."""
    community = await service.tables.add_community()
    await add_event(service, community, last_score_timestamp="2025-05-01T12:00:00Z")
    address = PERSON.upper().replace("X", "x", 1)
    answer = await history(service, await historian(service), community, address, **LATER)
    body = answer.json()
    assert (answer.status_code, list(body)) == (200, KEYS)
    assert (body["address"], body["score"], body["passing_score"]) == (PERSON, "21.50000", True)
    assert body["last_score_timestamp"] == "2025-05-01T12:00:00Z"


async def test_a_plus_that_became_a_blank(service: Service) -> None:
    """An offset is respected, whether or not its + is encoded."""
    community, key = await service.tables.add_community(), await historian(service)
    await add_event(service, community)
    path = f"/v2/stamps/{community}/score/{PERSON}/history?created_at="
    times = ["2025-05-01T14:00:00+02:00", "2025-05-01T14:00:00%2B02:00", "2025-05-01T13:59+02:00"]
    assert [(await get(service, path + time, key)).status_code for time in times] == [200, 200, 404]


async def test_no_score_at_that_time(service: Service) -> None:
    """The response has the address in lower case, and the time as given."""
    address = PERSON.upper().replace("X", "x", 1)
    key = await historian(service)
    answer = await history(service, key, address=address, created_at="2025-05-01 11:00")
    sentence = f"No Score Found for {PERSON} at 2025-05-01 11:00"
    assert shown(answer) == (404, {"detail": sentence, "address": PERSON})
    (usage,) = await service.tables.usage(key, 1)
    assert (usage["error"], usage["status_code"], usage["path"]) == (
        sentence,
        404,
        f"/v2/stamps/1/score/{address}/history",
    )
    assert (usage["response"], usage["response_skipped"]) == (None, True)


@pytest.mark.parametrize(
    ("query", "status"),
    [({}, 422), ({"created_at": ""}, 400), ({"created_at": "soon"}, 400), (LATER, 404)],
)
async def test_times_that_are_refused(service: Service, query: dict[str, str], status: int) -> None:
    """A missing time is 422; an empty or malformed one is rejected."""
    answer = await history(service, await historian(service), **query)
    assert answer.status_code == status


async def test_who_may_ask_for_earlier_scores(service: Service) -> None:
    """Keys are checked first, then permissions, then everything else."""
    without = await service.tables.add_key()
    denied = (403, {"detail": "Invalid permissions for action."})
    assert shown(await history(service, None, address="x")) == INVALID_KEY
    assert shown(await history(service, without, **LATER)) == denied
    assert shown(await history(service, without, address="x")) == denied


async def test_scorers_of_others(service: Service) -> None:
    """Unknown scorers, those of others, and malformed addresses are rejected."""
    key = await historian(service)
    unknown = (404, {"detail": "No Community matches the given query."})
    assert shown(await history(service, key, 999_999, **LATER)) == unknown
    assert shown(await history(service, key, 3, **LATER)) == unknown
    invalid = (400, {"detail": "Invalid address."})
    assert shown(await history(service, key, 999_999, "0x12", **LATER)) == invalid


@pytest.mark.parametrize(
    "data", [{"evidence": 5}, {"evidence": {"rawScore": "NaN"}}, {"score": []}]
)
async def test_an_unreadable_event(service: Service, data: dict[str, Any]) -> None:
    """An unreadable event, from any writer, is 404 and logged."""
    community = await service.tables.add_community()
    await add_event(service, community, **data)
    answer = await history(service, await historian(service), community, **LATER)
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("No Score Found for ")
    assert service.events("event_not_readable")


async def listed(service: Service, url: str) -> tuple[dict[str, Any], list[str]]:
    """Return a page, and its providers."""
    answer = await get(service, url, DEMO_API_KEY.key)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    providers = [item["credential"]["credentialSubject"]["provider"] for item in body["items"]]
    return body, providers


async def add_stamps(service: Service, address: str, count: int) -> list[str]:
    """Add stamps, and return their providers, the newest first."""
    providers = [f"P{number}" for number in range(count)]
    for provider in providers:
        credential = {
            "credentialSubject": {"provider": provider},
            "proof": {"proofValue": "0x"},
            "unlikely": 12345678901234567890123,
        }
        await service.tables.add_stamp(address, credential)
    return providers[::-1]


async def test_from_page_to_page(service: Service) -> None:
    """Links lead through all stamps and back; they keep the limit and the request's host."""
    address = "0x" + "5b" * 20
    providers = await add_stamps(service, address, 5)
    first, names = await listed(service, f"/v2/stamps/{address}?limit=2&unknown=1")
    assert (names, first["prev"]) == (providers[:2], None)
    assert first["next"].startswith(f"{service.base_url}/v2/stamps/{address}?token=")
    second, names = await listed(service, first["next"])
    assert names == providers[2:4]
    last, names = await listed(service, second["next"])
    assert (names, last["next"]) == (providers[4:], None)
    back, names = await listed(service, last["prev"])
    assert (names, back) == (providers[2:4], second)
    assert (await listed(service, back["prev"]))[0] == first


async def test_a_stamp_is_passed_on_as_it_is(service: Service) -> None:
    """Numbers are exact, beyond floats; metadata is included only on request."""
    address = "0x" + "5c" * 20
    await add_stamps(service, address, 1)
    body, _ = await listed(service, f"/v2/stamps/{address}")
    (item,) = body["items"]
    assert list(item) == ["version", "credential", "metadata"]
    assert (item["version"], item["metadata"]) == ("1.0.0", None)
    assert item["credential"]["unlikely"] == 12345678901234567890123


async def test_other_spellings_of_the_same_listing(service: Service) -> None:
    """An empty token means the first page, and values have several spellings."""
    address = "0x" + "5e" * 20
    await add_stamps(service, address, 2)
    usual, _ = await listed(service, f"/v2/stamps/{address}")
    for query in (
        *("token=", "limit=01000", "limit=1000&token="),
        *(f"include_metadata={word}" for word in ("no", "Off", "FALSE", "0")),
    ):
        same, _ = await listed(service, f"/v2/stamps/{address}?{query}")
        assert same["items"] == usual["items"]


async def test_a_padded_token(service: Service) -> None:
    """Tokens with base64 padding return the same page."""
    address = "0x" + "5f" * 20
    await add_stamps(service, address, 3)
    first, _ = await listed(service, f"/v2/stamps/{address}?limit=1")
    following = first["next"].partition("/v2/")[2]
    token = following.partition("token=")[2].partition("&")[0]
    pages = [
        (await listed(service, f"/v2/{following.replace(token, token + padding)}"))[0]
        for padding in ("", "=", "%3D", "%3D%3D")
    ]
    assert [page["items"] for page in pages] == [pages[0]["items"]] * 4
    assert pages[0]["items"] != first["items"]


@pytest.mark.parametrize(
    ("address", "query", "status", "detail"),
    [
        (PERSON, {"limit": 0}, 400, "Invalid limit."),
        (PERSON, {"limit": 1001}, 400, "Invalid limit."),
        (PERSON, {"limit": "many"}, 422, None),
        (PERSON, {"limit": "1.0"}, 422, None),
        (PERSON, {"limit": ""}, 422, None),
        (PERSON, {"include_metadata": ""}, 422, None),
        (PERSON, {"token": "x"}, 400, "Invalid token."),
        (PERSON, {"token": "="}, 400, "Invalid token."),
        (PERSON, {"include_metadata": "perhaps"}, 422, None),
        ("0x12", {}, 400, "Invalid address."),
        ("metadatum", {}, 400, "Invalid address."),
        (PERSON, {"include_metadata": "true"}, *NO_CATALOGUE[:1], NO_CATALOGUE[1]["detail"]),
    ],
)
async def test_listings_that_are_refused(
    service: Service, address: str, query: dict[str, object], status: int, detail: str | None
) -> None:
    """Malformed requests are rejected, and recorded."""
    key = await service.tables.add_key()
    answer = await get(service, f"/v2/stamps/{address}", key, **query)
    assert answer.status_code == status
    if detail:
        assert answer.json() == {"detail": detail}
    (usage,) = await service.tables.usage(key, 1)
    assert (usage["status_code"], usage["response_skipped"]) == (status, True)
    assert usage["error"] == (detail or "The request has the wrong shape.")


@pytest.mark.parametrize("path", [f"/v2/stamps/{PERSON}?limit=0", "/v2/stamps/metadata"])
async def test_listing_requires_a_key(service: Service, path: str) -> None:
    """The key is checked first."""
    assert shown(await get(service, path, None)) == INVALID_KEY
    assert shown(await get(service, path, "unknown.key")) == INVALID_KEY


async def test_one_limit_for_all(service: Service) -> None:
    """Partner endpoints share one rate limit, which also counts bad requests."""
    key = await service.tables.add_key(rate_limit="4/1h", historical_endpoint=True)
    answers = [
        await service.score(PERSON, key=key),
        await history(service, key),
        await get(service, f"/v2/stamps/{PERSON}", key),
        await get(service, "/v2/stamps/metadata", key),
        await get(service, f"/v2/stamps/{PERSON}", key),
        await history(service, key),
    ]
    assert [answer.status_code for answer in answers] == [200, 422, 200, 500, 429, 429]
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == [
        *("r=3", "r=2", "r=1"),
        *("r=0", "r=0", "r=0"),
    ]


async def test_the_catalogue(
    start_service: StartService, demo_database_url: str, catalogue_url: str
) -> None:
    """Icons have absolute URLs, and metadata is joined to known stamps."""
    service = await start_service(demo_database_url, PASSPORT_PUBLIC_URL=catalogue_url)
    key = DEMO_API_KEY.key
    icon = f"{catalogue_url}/icons/ens.svg"
    catalogue = await get(service, "/v2/stamps/metadata", key)
    assert shown(catalogue) == (200, [{**PLATFORM, "icon": icon}])

    await add_stamps(service, PERSON, 1)
    credential = {"credentialSubject": {"provider": "Ens"}, "proof": {"proofValue": "0x"}}
    await service.tables.add_stamp(PERSON, credential)
    page = f"/v2/stamps/{PERSON}?include_metadata=true&limit=1"
    first, _ = await listed(service, page)
    second, _ = await listed(service, first["next"])
    platform = {name: value for name, value in PLATFORM.items() if name != "groups"}
    assert [page["items"][0]["metadata"] for page in (first, second)] == [
        {
            "name": "Ens",
            "description": "Has it",
            "hash": "0xc0",
            "group": "Names",
            "platform": {**platform, "icon": icon},
        },
        None,
    ]


async def test_a_redis_that_is_away(start_service: StartService, demo_database_url: str) -> None:
    """The service starts, responds, and logs that calls are not counted, without the URL."""
    url = "redis://:hush-hush@127.0.0.1:1/0"
    service = await start_service(demo_database_url, RATE_LIMIT_REDIS_URL=url)
    key = await service.tables.add_key(rate_limit="1/1h")
    answers = [await service.score(PERSON, key=key) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert service.events("rate_limit_not_counted")
    assert "hush-hush" not in "".join(service.lines())
