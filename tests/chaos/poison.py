"""Malformed values from authenticated callers, and malformed rows in the tables."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal

from passport_scorer.tools.demo.world import DEMO_API_KEY
from tests.chaos.client import request
from tests.chaos.deployment import DatabaseServer, Deployment, background_load
from tests.chaos.load import Budget, Call, run_all
from tests.chaos.result import Plan, Result, Scenario
from tests.chaos.workload import PROVIDERS, Workload, address, addresses, alone, json_body, stamp
from tests.support.tables import Tables

REQUESTS = 3000  # of other callers, in each round
SECONDS = 11
INNOCENTS = 16
ATTACKERS = (1, 16)
PEOPLE = 24

ODD_IDS: Sequence[object] = (
    2**63,
    -(2**63) - 1,
    2**31,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    1.5,
    True,
    [],
    {},
    "",
    str(2**63),
    "9" * 5000,
    "１２",
    "1\x00",
    " 1",
    "-0",
    "1e3",
    "\ud800",
)
ODD_BODIES = (b"", b"[]", b"null", b"5", b'{"alternate_scorer_id": 1e999}', b"{", b"\xff\xfe")
ODD_TIMES = ("infinity", "-infinity", "0044-03-15 00:00:00+00 BC", "294276-12-31 00:00:00+00")
ODD_WEIGHTS = (
    '{"Google": "NaN"}',
    '{"Google": "Infinity"}',
    '{"Google": null}',
    '{"Google": 1e400}',
    '{"Google": "1e131071"}',
    '{"Google": -1e131071}',
    '{"Google": {"Google": 1}}',
    '{"Google": true}',
    '{"Google": "１"}',
    "[]",
    "null",
    '"Google"',
    "5",
)
ODD_STAMPS = (
    "5",
    "null",
    "[]",
    '"text"',
    "{}",
    '{"credentialSubject": 7, "proof": []}',
    '{"credentialSubject": {"nullifiers": [1, null, {}]}, "proof": {"proofValue": 5}}',
    '{"proof": {"proofValue": null}, "expirationDate": 1e131071}',
    '{"expirationDate": "infinity", "issuanceDate": [], "credentialSubject": {"id": {}}}',
    "[" * 900 + "]" * 900,
)
ODD_SCORES = (
    ("5", "[]"),
    ('{"rawScore": "NaN", "threshold": []}', "5"),
    ('{"rawScore": 1e131071}', '{"Google": null}'),
    ("null", '{"Google": {"score": [], "dedup": 5, "expiration_date": {}}}'),
)
_STORE = """
    INSERT INTO ceramic_cache_ceramiccache (address, provider, stamp, created_at, updated_at,
        expiration_date, issuance_date, type, compose_db_save_status, compose_db_stream_id,
        proof_value)
    VALUES ($1, $2, $3::text::jsonb, $4::text::timestamptz, $5::text::timestamptz,
        $4::text::timestamptz, $5::text::timestamptz, 1, 'pending', '', $6)
"""
_SCORE = """
    WITH passport AS (
        INSERT INTO registry_passport (address, community_id) VALUES ($1, 1) RETURNING id
    ), score AS (
        INSERT INTO registry_score (passport_id, score, status, last_score_timestamp,
            expiration_date, evidence, stamps, stamp_scores)
        SELECT id, 'NaN', 'DONE', $2::text::timestamptz, $2::text::timestamptz,
            $3::text::jsonb, $4::text::jsonb, $4::text::jsonb FROM passport
    )
    INSERT INTO registry_event (action, address, created_at, data, community_id)
    VALUES ('SCU', $1, $2::text::timestamptz, $3::text::jsonb, 1)
"""
_CUSTOM = """
    WITH custom AS (
        INSERT INTO account_customization (path, scorer_id, use_custom_dashboard_panel,
            body_display_info_tooltip, button_action_type, show_explanation_panel, partner_name,
            nav_order, show_in_top_nav)
        VALUES ('odd', $1, false, false, '', false, '', 0, false) RETURNING id
    ), list AS (INSERT INTO account_addresslist (name) VALUES ('odd') RETURNING id
    ), member AS (
        INSERT INTO account_addresslistmember (address, list_id) SELECT $2, id FROM list
    )
    INSERT INTO account_allowlist (weight, address_list_id, customization_id)
    SELECT 'NaN', list.id, custom.id FROM list, custom
"""


class Poison:
    """Addresses, communities and API keys whose rows hold malformed values."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._tables: Tables = workload.tables
        self.people: list[str] = []
        self._communities: list[int] = []
        self._keys: list[str] = []

    def _new_address(self) -> str:
        self.people.append(address(f"attacker {len(self.people)}"))
        return self.people[-1]

    async def spread(self) -> None:
        """Insert all malformed rows."""
        await self._links()
        await self._communities_and_keys()
        async with self._tables.connection() as connection:
            for number, text in enumerate(ODD_STAMPS):
                who = self._new_address()
                for provider, moment in zip(PROVIDERS, ODD_TIMES, strict=True):
                    proof = f"odd {number}"
                    await connection.execute(_STORE, who, provider, text, moment, moment, proof)
            for (evidence, stamps), moment in itertools.product(ODD_SCORES, ODD_TIMES):
                await connection.execute(_SCORE, self._new_address(), moment, evidence, stamps)

    async def _links(self) -> None:
        """Insert links that expire at infinity or outside Python's range of dates."""
        async with self._tables.connection() as connection:
            for number, moment in enumerate(ODD_TIMES):
                for owner in (None, address("nobody")):
                    who = self._new_address()
                    nullifier = f"v0:odd:{number}:{owner}"
                    await self._workload.add_stamps(iter([stamp(who, "Google", [nullifier])]))
                    await connection.execute(
                        """INSERT INTO registry_hashscorerlink
                            (hash, address, expires_at, community_id)
                        SELECT $1, $2, $3::text::timestamptz, id FROM account_community""",
                        nullifier,
                        owner or who,
                        moment,
                    )

    async def _communities_and_keys(self) -> None:
        for weights in ODD_WEIGHTS:
            community = await self._tables.add_community({})
            await self._weigh(community, "weights = $2::text::jsonb", weights)
            self._communities.append(community)
        community = await self._tables.add_community({"Google": "1"})
        await self._weigh(community, "threshold = $2", Decimal("NaN"))
        self._communities.append(community)
        custom = await self._tables.add_community({"Google": "1"})
        async with self._tables.connection() as connection:
            await connection.execute(_CUSTOM, custom, self.people[0])
        self._communities.append(custom)
        for moment in ODD_TIMES:
            key = await self._workload.add_partner(rate_limit="1e999/１５m")
            async with self._tables.connection() as connection:
                await connection.execute(
                    """UPDATE account_accountapikey SET expiry_date = $2::text::timestamptz,
                    created = $2::text::timestamptz, historical_endpoint = true
                    WHERE prefix = $1""",
                    key.partition(".")[0],
                    moment,
                )
            self._keys.append(key)

    async def _weigh(self, community: int, assignment: str, value: object) -> None:
        async with self._tables.connection() as connection:
            await connection.execute(
                f"""UPDATE scorer_weighted_binaryweightedscorer SET {assignment}
                WHERE scorer_ptr_id = (SELECT scorer_id FROM account_community WHERE id = $1)""",
                community,
                value,
            )

    def ids(self) -> list[Call]:
        """Return requests with a valid token and malformed bodies."""
        who = self.people[0]
        bodies = [*(json_body({"alternate_scorer_id": each}) for each in ODD_IDS), *ODD_BODIES]
        token = self._workload.token(who)
        return [
            Call(request("POST", f"/ceramic-cache/score/{who}", token, body=each))
            for each in bodies
        ]

    def rows(self) -> list[Call]:
        """Return requests for addresses with malformed rows."""
        asked = []
        key = f"X-API-Key: {DEMO_API_KEY.key}"
        for who in self.people:
            own, token = f"/ceramic-cache/score/{who}", self._workload.token(who)
            asked += [
                request("GET", f"/v2/stamps/1/score/{who}", key),
                request("POST", own, token, body=b"{}"),
                request("GET", own, token),
                request("GET", f"/ceramic-cache/stamp?address={who}"),
                request("GET", f"/v2/stamps/1/score/{who}/history?created_at=2290-01-01", key),
            ]
        return [Call(each) for each in asked]

    def communities(self) -> list[Call]:
        """Return requests for communities with malformed weights or thresholds."""
        return [
            Call(
                request(
                    "GET",
                    f"/v2/stamps/{community}/score/{who}",
                    f"X-API-Key: {DEMO_API_KEY.key}",
                )
            )
            for community in self._communities
            for who in self.people[:4]
        ]

    def keys(self) -> list[Call]:
        """Return requests with API keys whose rows are malformed."""
        targets = [f"/v2/stamps/1/score/{self.people[0]}", f"/v2/stamps/{self.people[0]}"]
        return [
            Call(request("GET", target, f"X-API-Key: {key}"))
            for key in self._keys
            for target in targets
        ]


async def attack(
    deployment: Deployment,
    kind: str,
    attackers: int,
    calls: list[Call],
    people: list[str],
    budget: Budget,
) -> None:
    """Run attackers of one kind alongside other clients, which must not be affected."""
    group, attacks = f"alongside {attackers} with {kind}", itertools.cycle(calls)
    innocents = deployment.callers(INNOCENTS, group, deployment.workload.scores(people), budget)
    async with background_load(deployment, attackers, f"odd {kind}", attacks):
        await run_all(innocents)
    deployment.result.expect(group, "2xx")
    deployment.result.note(group)


async def poison(server: DatabaseServer, plan: Plan, result: Result) -> None:
    """Run each kind of attack with one attacker and with many."""
    async with server.deployment(result) as deployment:
        people = addresses("innocent", PEOPLE)
        await deployment.workload.seed(alone(people))
        harm = Poison(deployment.workload)
        await harm.spread()
        kinds = {
            "ids": harm.ids(),
            "rows": harm.rows(),
            "communities": harm.communities(),
            "keys": harm.keys(),
        }
        for (kind, calls), attackers in itertools.product(kinds.items(), ATTACKERS):
            await attack(deployment, kind, attackers, calls, people, plan.budget(REQUESTS, SECONDS))
        result.done["requests"] = sum(each.asked for each in result.tallies.values())
        for kind in kinds:
            result.done[f"odd {kind}"] = result.tallies[f"odd {kind}"].asked
            result.expect(f"odd {kind}", "2xx", "4xx", "429")
        await deployment.finish(left_out=harm.people)


POISON = Scenario("poison", "malformed values and rows alongside other clients", poison)
