"""Both applications on the tables of a reference deployment."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

from passport_scorer.api.applications import internal_application, public_application
from passport_scorer.app import running_services
from passport_scorer.settings.model import Settings
from tests.support.recordings import GOLDEN

FIXTURES = GOLDEN / "fixtures.json"
ISSUERS = frozenset(
    {
        "did:ethr:0x018d103c154748e8d5a1d7658185125175457f84",
        "did:key:z6MkjUhQJSaMUg8356Jk8dyCpCdEPq9VpUrAYrTrn5ZntgMM",
    }
)
SECRET = "a secret of these tests, long enough for HS256"


class Deployment:
    """Both applications on a reference deployment's tables, and its addresses and keys."""

    def __init__(
        self, public: httpx.AsyncClient, internal: httpx.AsyncClient, connection: Any, kit: Any
    ) -> None:
        self.public = public
        self.internal = internal
        self.connection = connection
        self.keys: Mapping[str, str] = kit["api_keys"]
        self.addresses = {name: each["address"].lower() for name, each in kit["addresses"].items()}

    async def partner(self, path: str, key: str = "acct1-full") -> httpx.Response:
        """Ask for a path below `/v2/stamps/`."""
        return await self.public.get("/v2/stamps/" + path, headers={"X-API-Key": self.keys[key]})

    async def owner(self, path: str, name: str, method: str = "GET", body: Any = None) -> Any:
        """Call a path below `/ceramic-cache/` with an access token of an address's owner."""
        claims = {
            "token_type": "access",
            "exp": int(time.time()) + 600,
            "did": f"did:pkh:eip155:1:{self.addresses[name]}",
        }
        token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
        return await self.public.request(
            method,
            "/ceramic-cache/" + path,
            headers={"Authorization": f"Bearer {token}"},
            content=None if body is None else json.dumps(body),
        )

    async def everything(self) -> AsyncIterator[httpx.Response]:
        """Call every endpoint that reads rows, for addresses that have some."""
        who = self.addresses
        for name in ("h0", "h1", "h3", "h15"):
            for scorer in (1, 2):
                yield await self.partner(f"{scorer}/score/{who[name]}")
            yield await self.partner(f"1/score/{who[name]}/history?created_at=2999-01-01")
            yield await self.owner(f"score/{who[name]}", name)
        yield await self.partner(f"4/score/{who['h0']}", "acct2-full")
        yield await self.partner(f"5/score/{who['h10']}", "acct3-full")
        yield await self.partner(f"1/score/{who['h22']}/history?created_at=2999-01-01")
        yield await self.partner(f"{who['h12']}?limit=7")
        yield await self.owner(f"score/{who['h0']}", "h0", "POST", {})
        yield await self.owner("stamps/bulk", "h0", "PATCH", [])
        yield await self.owner("stake/gtc", "h17")
        yield await self.public.get(f"/ceramic-cache/stamp?address={who['h0']}")
        yield await self.public.get("/ceramic-cache/weights")
        yield await self.public.get("/account/nonce")
        for path in (
            f"score/v2/1/{who['h14']}",
            f"score/4/{who['h0']}",
            f"stake/gtc/{who['h17']}",
            f"stake/legacy-gtc/{who['h17']}/1",
            f"cgrants/contributor_statistics?address={who['h18']}",
            f"cgrants/contributor_statistics?address={who['h19']}",
            f"allow-list/testlist/{who['h10']}",
            "customization/credential/DeveloperList%23PeerDevs%2398ac08c5",
            "embed/weights",
            "embed/config?community_id=5",
            f"embed/score/4/{who['h0']}",
        ):
            yield await self.internal.get("/internal/" + path)
        for name in ("h8", "h9"):
            subject = {"id": f"did:pkh:eip155:1:{who[name]}", "provider": "Google", "hash": "v0:x"}
            yield await self.internal.post(
                "/internal/check-bans", content=json.dumps([{"credentialSubject": subject}])
            )
        yield await self.internal.get(
            "/internal/embed/validate-api-key", headers={"X-API-Key": self.keys["acct1-full"]}
        )
        yield await self.internal.post(
            f"/internal/embed/stamps/{who['h21']}", content='{"scorer_id": "2", "stamps": []}'
        )


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Deployment]:
    """The deployment on this database."""
    given = Settings(
        ceramic_cache_scorer_id=1,
        jwt_secret=SECRET,
        trusted_iam_issuers=ISSUERS,
        human_points_enabled=True,
        human_points_write_enabled=True,
        anonymous_writes_per_minute=0,
    )
    connection = await asyncpg.connect(url)
    try:
        async with running_services(given, url) as services:
            clients = [
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
                    base_url="http://service",
                )
                for app in (public_application(services), internal_application(services))
            ]
            async with clients[0], clients[1]:
                fixtures = json.loads(FIXTURES.read_text("utf-8"))
                yield Deployment(clients[0], clients[1], connection, fixtures)
    finally:
        await connection.close()
