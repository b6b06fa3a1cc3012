"""The bulk calls: what is taken, what is refused and how it is named, and revoked stamps."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from passport_scorer.api.applications import public_application
from passport_scorer.app import running_services
from passport_scorer.settings.model import Settings

SECRET = "a-secret-of-these-tests-that-is-long-enough"
OWNER = "0x56f9a959055d5c17239fa63f2936f62bb6d17012"  # h7: three stamps, Google is revoked
ISSUERS = [
    "did:ethr:0x018d103c154748e8d5a1d7658185125175457f84",
    "did:key:z6MkjUhQJSaMUg8356Jk8dyCpCdEPq9VpUrAYrTrn5ZntgMM",
]
LIVE = ["Ens", "Github", "Google"]
BULK = "/ceramic-cache/stamps/bulk"


class Store:
    """The stamp store as its owner sees it, and the tables."""

    def __init__(self, client: httpx.AsyncClient, connection: Any) -> None:
        self.client = client
        self.connection = connection

    async def call(self, method: str, body: object, path: str = BULK) -> httpx.Response:
        """Send JSON."""
        return await self.client.request(method, path, content=json.dumps(body))

    async def value(self, sql: str, *arguments: object) -> Any:
        """Return the only value of a statement."""
        return await self.connection.fetchval(sql, *arguments)

    async def providers(self) -> list[str]:
        """The providers of the live rows, revoked ones too."""
        rows = await self.connection.fetch(
            """SELECT provider FROM ceramic_cache_ceramiccache
            WHERE address = $1 AND deleted_at IS NULL ORDER BY provider""",
            OWNER,
        )
        return [row["provider"] for row in rows]

    async def google(self) -> dict[str, Any]:
        """The owner's revoked credential."""
        document: str = await self.value(
            """SELECT stamp::text FROM ceramic_cache_ceramiccache
            WHERE address = $1 AND provider = 'Google'""",
            OWNER,
        )
        read: dict[str, Any] = json.loads(document)
        return read


@pytest.fixture
async def store(reference_database_url: str) -> AsyncIterator[Store]:
    """The public application on an existing deployment's tables, called by an owner."""
    settings = Settings(
        ceramic_cache_scorer_id=1, trusted_iam_issuers=frozenset(ISSUERS), jwt_secret=SECRET
    )
    claims = {"token_type": "access", "exp": 4102444800, "did": f"did:pkh:eip155:1:{OWNER}"}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
    connection = await asyncpg.connect(reference_database_url)
    try:
        async with running_services(settings, reference_database_url) as services:
            transport = httpx.ASGITransport(
                app=public_application(services), raise_app_exceptions=False
            )
            async with httpx.AsyncClient(
                transport=transport,
                base_url="http://public",
                headers={"Authorization": f"Bearer {token}"},
            ) as client:
                yield Store(client, connection)
    finally:
        await connection.close()


def stamp(**members: object) -> dict[str, Any]:
    """A document that the store takes, and nothing more."""
    return {"proof": {"proofValue": "0x01"}, **members}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("spelling", ["as it was", "upper", "low v", "both"])
async def test_a_revoked_stamp_does_not_count_again(
    store: Store, method: str, spelling: str
) -> None:
    """A stamp posted again, in any spelling, is stored as sent, but neither listed nor counted."""
    credential = await store.google()
    proof_value: str = credential["proof"]["proofValue"]
    low_v = proof_value[:-2] + {"1b": "00", "1c": "01"}[proof_value[-2:]]
    credential["proof"]["proofValue"] = {
        "as it was": proof_value,
        "upper": "0x" + proof_value[2:].upper(),
        "low v": low_v,
        "both": "0x" + low_v[2:].upper(),
    }[spelling]
    path = f"/ceramic-cache/score/{OWNER}"
    before = (await store.call("POST", {}, path)).json()
    answer = await store.call(method, [{"provider": "Google", "stamp": credential}])
    assert answer.status_code == (201 if method == "POST" else 200)
    assert answer.json()["score"]["score"] == before["score"] == "0.20800"
    assert "Google" not in answer.json()["score"]["stamps"]
    assert "Google" not in [each["provider"] for each in answer.json()["stamps"]]
    assert await store.providers() == LIVE
    where = "FROM ceramic_cache_ceramiccache WHERE address = $1 AND deleted_at IS NULL"
    where += " AND provider = 'Google'"
    assert json.loads(await store.value(f"SELECT stamp::text {where}", OWNER)) == credential
    assert await store.value(f"SELECT proof_value {where}", OWNER) == proof_value


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    "document",
    [
        stamp(),
        stamp(credentialSubject={}),
        stamp(credentialSubject=None),
        stamp(credentialSubject=[{"provider": "Other"}]),
        stamp(credentialSubject={"provider": None}),
        stamp(credentialSubject={"provider": ""}),
        stamp(credentialSubject={"provider": 5}),
    ],
    ids=json.dumps,
)
async def test_a_stamp_that_names_no_provider_is_stored_and_does_not_score(
    store: Store, method: str, document: dict[str, Any]
) -> None:
    """It is kept under the provider of its entry."""
    answer = await store.call(method, [{"provider": "Lens", "stamp": document}])
    assert answer.status_code == (201 if method == "POST" else 200), answer.text
    shown = {each["provider"]: each["stamp"] for each in answer.json()["stamps"]}
    assert shown["Lens"] == document
    assert "Lens" not in answer.json()["score"]["stamps"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("entry", [{}, {"stamp": None}, {"stamp": {}}], ids=json.dumps)
async def test_an_entry_without_a_stamp_only_deletes(
    store: Store, method: str, entry: dict[str, Any]
) -> None:
    """Nothing, null and an empty object are not stamps."""
    answer = await store.call(method, [{"provider": "Github", **entry}])
    assert [each["provider"] for each in answer.json()["stamps"]] == ["Ens"]
    assert await store.providers() == ["Ens", "Google"]


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "address", [None, 5, 1.5, True, [], {"a": 1}, "0x00", "\0"], ids=json.dumps
)
async def test_the_address_of_an_entry_is_ignored(
    store: Store, method: str, address: object
) -> None:
    """Whatever it is: the token tells the address."""
    answer = await store.call(method, [{"provider": "Github", "address": address}])
    assert answer.status_code in (200, 201), answer.text
    assert await store.providers() == ["Ens", "Google"]


@pytest.mark.parametrize(("body", "status"), [([], 404), ([{"provider": "None"}], 404)])
async def test_deleting_nothing_is_404(store: Store, body: object, status: int) -> None:
    """An empty list and providers without a stamp."""
    answer = await store.call("DELETE", body)
    assert answer.status_code == status
    assert answer.json() == {"detail": "Unable to find stamp to delete."}


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("entry", "member"),
    [
        ({"provider": 5}, ["provider"]),
        ({"provider": None}, ["provider"]),
        ({"provider": ["Google"]}, ["provider"]),
        ({}, ["provider"]),
        (None, []),
        ([], []),
        ("Google", []),
    ],
)
async def test_an_entry_of_another_shape_is_named(
    store: Store, method: str, entry: object, member: list[str]
) -> None:
    """The third of four: its place, the member, and the number of the entry for people."""
    good = [{"provider": f"P{number}"} for number in range(3)]
    answer = await store.call(method, [*good[:2], entry, good[2]])
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == ["body", 2, *member]
    assert problem["msg"].startswith("Entry 3: ")
    assert await store.providers() == LIVE


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("document", ["text", 5, [], [{}], True], ids=json.dumps)
async def test_a_stamp_that_is_not_an_object_is_named(
    store: Store, method: str, document: object
) -> None:
    """Its place, and that it is the stamp."""
    answer = await store.call(
        method, [{"provider": "Github"}, {"provider": "Lens", "stamp": document}]
    )
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == ["body", 1, "stamp"]
    assert problem["msg"].startswith("Entry 2: ")
    assert await store.providers() == LIVE


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    "entry",
    [
        {"provider": "Github"},
        {"provider": "Lens", "stamp": stamp(credentialSubject={"provider": "Google"})},
        {"provider": "Lens", "stamp": {"credentialSubject": {"provider": "Lens"}}},
        {"provider": "Lens", "stamp": {"proof": {"proofValue": 5}}},
        {"provider": "Lens", "stamp": {"proof": [{"proofValue": "0x01"}]}},
    ],
    ids=json.dumps,
)
async def test_an_entry_that_cannot_be_stored_is_named(
    store: Store, method: str, entry: dict[str, Any]
) -> None:
    """A provider that occurs twice, a stamp of another one, a stamp without a proof value: 400."""
    answer = await store.call(method, [{"provider": "Github"}, entry])
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Entry 2: ")
    assert await store.providers() == LIVE
