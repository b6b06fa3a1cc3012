"""Addresses with signed stamps, and the requests that owners and partners send."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.jwk import OctKey

from passport_scorer.tools.demo.signing import sign_eip712
from passport_scorer.tools.demo.world import DEMO_API_KEY, ETHEREUM_ISSUER_KEY, TRUSTED_ISSUERS
from tests.chaos.client import request
from tests.chaos.history import History
from tests.chaos.load import Call
from tests.support.tables import Tables

SECRET = "a secret of the chaos harness, which is long enough"
# Not those of the acceptance tests, which switch limits off.
SETTINGS = {
    "TRUSTED_IAM_ISSUERS": json.dumps(sorted(TRUSTED_ISSUERS)),
    "DEMO_API_KEY": DEMO_API_KEY.key,
    "DEMO_API_SCORER_ID": "1",
    "CERAMIC_CACHE_SCORER_ID": "1",
    "JWT_SECRET": SECRET,
    "SHUTDOWN_DELAY_SECONDS": "0",
}
STORE_COMMUNITY = 1
PROVIDERS = ("Google", "Github", "Discord", "Ens")
FORGED = "forged:"  # prefix of the nullifiers of forged stamps
WRONG_ISSUER_KEY = hashlib.sha256(b"an untrusted issuer").digest()
SLOW_HASH_ITERATIONS = 260_000
_ISSUED = datetime(2026, 1, 1, tzinfo=UTC)
_EXPIRES = datetime(2090, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)


def address(name: str) -> str:
    """Return the address derived from a name."""
    return "0x" + hashlib.sha256(f"chaos: {name}".encode()).hexdigest()[:40]


def addresses(name: str, count: int) -> list[str]:
    """Return `count` addresses derived from a name."""
    return [address(f"{name} {number}") for number in range(count)]


def access_token(who: str) -> str:
    """Return the header line with an access token of an address."""
    claims = {"did": f"did:pkh:eip155:1:{who}", "token_type": "access"}
    claims["exp"] = int(time.time()) + 86_400  # type: ignore[assignment]
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
    return f"Authorization: Bearer {token}"


def pbkdf2_hash(key: str) -> str:
    """Return the PBKDF2 hash of a key, as `hashed_key` stores it."""
    salt = "chaos"
    derived = hashlib.pbkdf2_hmac("sha256", key.encode(), salt.encode(), SLOW_HASH_ITERATIONS)
    return f"pbkdf2_sha256${SLOW_HASH_ITERATIONS}${salt}${base64.b64encode(derived).decode()}"


def stamp(
    who: str, provider: str, nullifiers: Sequence[str], key: bytes = ETHEREUM_ISSUER_KEY
) -> dict[str, Any]:
    """Return a signed stamp; each one is issued later and expires later than the last."""
    later = timedelta(seconds=next(_numbers))
    return sign_eip712(
        key,
        address=who,
        provider=provider,
        nullifiers=nullifiers,
        issued_at=_ISSUED + later,
        expires_at=_EXPIRES + later,
    )


def rings(people: Sequence[str], group: int = 3) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Return address -> provider -> nullifiers; about `2 * group` addresses share each."""
    count = max(1, len(people) // group)
    return {
        who: {
            provider: tuple(f"v{turn}:{provider}:{(number + turn) % count}" for turn in (0, 1))  # type: ignore[misc]
            for provider in PROVIDERS
        }
        for number, who in enumerate(people)
    }


def alone(people: Sequence[str]) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Return address -> provider -> nullifiers that no other address has."""
    return {
        who: {provider: (f"v0:{provider}:{who}", f"v1:{provider}:{who}") for provider in PROVIDERS}
        for who in people
    }


class Workload:
    """Seeds a database with stamps, and creates requests for them.

    Args:
        tables: the database of the instances.
        history: where responses are recorded.
    """

    def __init__(self, tables: Tables, history: History) -> None:
        self.tables = tables
        self.history = history
        self._random = random.Random(13)
        self._tokens: dict[str, str] = {}
        self._calls = itertools.count(1)
        self._nullifiers: dict[str, Mapping[str, tuple[str, str]]] = {}

    async def seed(self, nullifiers: Mapping[str, Mapping[str, tuple[str, str]]]) -> None:
        """Insert a signed stamp for each address and provider."""
        self._nullifiers.update(nullifiers)
        await self.add_stamps(
            stamp(who, provider, each)
            for who, providers in nullifiers.items()
            for provider, each in providers.items()
        )

    async def add_stamps(self, stamps: Iterator[dict[str, Any]]) -> None:
        """Insert signed stamps."""
        rows = [
            (
                each["credentialSubject"]["id"].rpartition(":")[2],
                each["credentialSubject"]["provider"],
                each,
                each["proof"]["proofValue"],
            )
            for each in stamps
        ]
        async with self.tables.connection() as connection:
            await connection.executemany(
                """INSERT INTO ceramic_cache_ceramiccache (address, provider, stamp, created_at,
                updated_at, type, compose_db_save_status, compose_db_stream_id, proof_value)
                VALUES ($1, $2, $3, now(), now(), 1, 'pending', '', $4)""",
                rows,
            )

    @cached_property
    def people(self) -> list[str]:
        """All seeded addresses."""
        return list(self._nullifiers)

    def score(self, who: str, community_id: int = 1, key: str = DEMO_API_KEY.key) -> Call:
        """Return a partner's score request."""
        number = str(next(self._calls))
        target = f"/v2/stamps/{community_id}/score/{who}?call={number}"
        asked = request("GET", target, f"X-API-Key: {key}")
        return Call(asked, self.history.partner_call(number, community_id))

    def own_score(self, who: str, body: bytes = b"{}") -> Call:
        """Return an owner's request to recompute the score."""
        target = f"/ceramic-cache/score/{who}"
        asked = request("POST", target, self.token(who), body=body)
        return Call(asked, self.history.own_score(STORE_COMMUNITY))

    def upload(self, who: str) -> Call:
        """Return an upload of two stamps; some contain a forged stamp, some must be rejected."""
        providers = self._random.sample(PROVIDERS, 2)
        stamps = [stamp(who, each, self._nullifiers[who][each]) for each in providers]
        chance = self._random.random()
        if chance < 0.1:
            stamps.append(stamp(who, "NFT", [f"{FORGED}{who}"], WRONG_ISSUER_KEY))
        sent: list[dict[str, Any]] = [
            {"provider": each["credentialSubject"]["provider"], "stamp": each} for each in stamps
        ]
        if chance > 0.9:
            sent.append({"provider": "Lens", "stamp": {"proof": {}}})
        proof_values = tuple(each["proof"]["proofValue"] for each in stamps)
        body = msgspec.json.encode(sent)
        asked = request("POST", "/ceramic-cache/stamps/bulk", self.token(who), body=body)
        return Call(asked, self.history.upload(proof_values, STORE_COMMUNITY))

    def token(self, who: str) -> str:
        """Return the header line with the (cached) access token of an address."""
        if who not in self._tokens:
            self._tokens[who] = access_token(who)
        return self._tokens[who]

    def scores(self, people: Sequence[str], communities: Sequence[int] = (1,)) -> Iterator[Call]:
        """Yield score requests without end."""
        while True:
            yield self.score(self._random.choice(people), self._random.choice(communities))

    def uploads(self, people: Sequence[str]) -> Iterator[Call]:
        """Yield uploads without end."""
        while True:
            yield self.upload(self._random.choice(people))

    def everything(self, people: Sequence[str], communities: Sequence[int]) -> Iterator[Call]:
        """Yield all kinds of requests without end: 90 % score requests of partners."""
        while True:
            who, chance = self._random.choice(people), self._random.random()
            if chance < 0.9:
                yield self.score(who, self._random.choice(communities))
            else:
                yield self.own_score(who) if chance < 0.94 else self.upload(who)

    async def add_partner(self, *, slow: bool = False, **columns: object) -> str:
        """Insert an API key and return it; `slow` stores the PBKDF2 hash only."""
        if slow:
            columns = {"hashed_key": pbkdf2_hash, "hashed_key_sha256": None, **columns}
        return await self.tables.add_key(**columns)

    async def limited_points(self, community_id: int, left: int) -> None:
        """Add all addresses to the list of a capped action with `left` remaining awards."""
        async with self.tables.connection() as connection:
            await connection.execute(
                """WITH list AS (
                    INSERT INTO account_addresslist (name) VALUES ('MetaMaskOG') RETURNING id
                ) INSERT INTO account_addresslistmember (address, list_id)
                SELECT unnest($1::text[]), id FROM list""",
                self.people,
            )
            await connection.execute(
                """INSERT INTO registry_humanpoints
                    (address, action, timestamp, tx_hash, chain_id, provider)
                SELECT 'somebody ' || n, 'MTA', now(), '', 0, ''
                FROM generate_series(1, 5000 - $1::integer) n""",
                left,
            )


def json_body(value: object) -> bytes:
    """Return JSON as Python writes it, NaN and Infinity included."""
    return json.dumps(value).encode()
