"""Floods of wrong secrets, nonce requests and garbage alongside valid requests."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator, Sequence

from tests.chaos.client import Reply, request
from tests.chaos.deployment import DatabaseServer, Deployment, background_load
from tests.chaos.load import Budget, Call, run_all
from tests.chaos.result import Plan, Result, Scenario
from tests.chaos.workload import access_token, address, addresses, alone, json_body, stamp

SECONDS = 10  # of each flood
REQUESTS = 2000  # valid requests alongside each flood
ATTACKERS = 16
CALLERS = 8
SLOW_ATTACKERS = 64
SLOW_PARTNERS = 20
STRANGERS = 40
STAMPS = 100  # of each stranger
UNLIMITED = 2000  # hostile requests, of which at least one must be limited
MOST_TIMES = 10  # maximum length of a response, as a multiple of the stored value
_RANDOM = random.Random(17)


def wrong(prefix: str, people: Sequence[str]) -> Iterator[Call]:
    """Yield requests with a known prefix and changing wrong secrets.

    The spelling of the scorer ID changes, too, to defeat caches whose keys are not canonical.
    """
    for number in itertools.count():
        scorer = "1".zfill(1 + number % 200)
        target = f"/v2/stamps/{scorer}/score/{people[number % len(people)]}"
        yield Call(request("GET", target, f"X-API-Key: {prefix}.wrong-{number}"))


def nonces() -> Iterator[Call]:
    """Yield requests for nonces."""
    return itertools.repeat(Call(request("GET", "/account/nonce")))


def deep(depth: int) -> bytes:
    """Return a stamp that consists of nested arrays."""
    return b'[{"provider": "Deep", "stamp": ' + b"[" * depth + b"]" * depth + b"}]"


def garbage(who: str) -> Iterator[Call]:
    """Yield requests with a valid token and garbage bodies."""
    token = access_token(who)
    bodies = [
        b"\xff\xfe\x00",
        b'"\xed\xa0\x80"',
        b"[" * 100_000,
        deep(60),
        deep(5000),
        json_body([{"provider": "x" * 100_000, "stamp": {"proof": {"proofValue": "0x"}}}]),
        json_body([{"provider": "A\x00", "stamp": {"proof": {"proofValue": "\x00"}}}]),
        json_body([{"provider": "\ud800", "stamp": {"proof": {"proofValue": "\udfff"}}}]),
        json_body([{"provider": 5, "stamp": []}, None, 5]),
        json_body(
            [{"provider": "NaN", "stamp": {"proof": {"proofValue": "1"}, "a": float("nan")}}]
        ),
        b"1e999999999",
        b'{"a":' * 1000,
        b"",
    ]
    paths = ("stamps/bulk", f"score/{who}", "authenticate/v2")
    while True:
        body = _RANDOM.choice([*bodies, _RANDOM.randbytes(_RANDOM.randrange(2000))])
        method = _RANDOM.choice(("POST", "PATCH", "DELETE", "PUT"))
        target = f"/ceramic-cache/{_RANDOM.choice(paths)}"
        yield Call(request(method, target, token, body=body))


def paths(people: Sequence[str]) -> Iterator[Call]:
    """Yield requests with garbage in path, query and key."""
    while True:
        noise = "".join(f"%{byte:02X}" for byte in _RANDOM.randbytes(_RANDOM.randrange(1, 60)))
        who = _RANDOM.choice(people)
        target = _RANDOM.choice(
            (
                f"/v2/stamps/{noise}/score/{who}",
                f"/v2/stamps/1/score/{noise}",
                f"/v2/stamps/{who}?limit={noise}&token={noise}",
                f"/v2/stamps/1/score/{who}/history?created_at={noise}",
                f"/ceramic-cache/stamp?address={noise}",
                f"/{noise}",
            )
        )
        yield Call(request("GET", target, f"X-API-Key: {noise}"))


class Longest:
    """Records the longest response."""

    def __init__(self) -> None:
        self.bytes = 0
        self.sent = 0

    def look(self, reply: Reply | None) -> None:
        """Record a response."""
        if reply:
            self.bytes = max(self.bytes, len(reply.body))


def huge_numbers(who: str, longest: Longest) -> list[Call]:
    """Return requests that store and read a short stamp whose numbers expand in jsonb."""
    numbers = b",".join([b"1e131071"] * 300)
    body = (
        b"""[{"provider": "Huge", "stamp": {
        "credentialSubject": {"provider": "Huge"}, "proof": {"proofValue": "0x1"}, "a": [%s]
    }}]"""
        % numbers
    )
    longest.sent = len(body)
    token = access_token(who)
    return [
        Call(request("POST", "/ceramic-cache/stamps/bulk", token, body=body), longest.look),
        Call(request("GET", f"/ceramic-cache/stamp?address={who}"), longest.look),
    ]


async def flood(
    deployment: Deployment, name: str, attacks: Iterator[Call], good: Iterator[Call], plan: Plan
) -> None:
    """Run a flood alongside valid requests, which must not fail."""
    group = f"innocents ({name})"
    innocents = deployment.callers(CALLERS, group, good, plan.budget(REQUESTS, SECONDS), pause=0.02)
    async with background_load(deployment, ATTACKERS, name, attacks):
        await asyncio.sleep(0.5)
        await run_all(innocents)
    deployment.result.expect(group, "2xx")
    deployment.result.note(group)
    deployment.result.expect(name, "2xx", "4xx", "429", "503")


async def slow_partners(deployment: Deployment, people: list[str], plan: Plan) -> None:
    """Flood one key with a PBKDF2 hash; partners with other such keys must not notice."""
    count = plan.count(SLOW_PARTNERS, least=4, most=100)
    attacked, *others = [await deployment.workload.add_partner(slow=True) for _ in range(count + 1)]
    name, group = "wrong secrets, slow hash", "partners with the slow hash"
    calls = (deployment.workload.score(people[0], key=key) for key in others)
    budget = Budget(count, 120, plan.advance)
    async with background_load(
        deployment, SLOW_ATTACKERS, name, wrong(attacked.partition(".")[0], people)
    ):
        await asyncio.sleep(0.5)
        await run_all(deployment.callers(1, group, calls, budget))
        own = (deployment.workload.score(people[0], key=attacked) for _ in range(5))
        await run_all(deployment.callers(1, "the attacked partner", own, Budget(4, 30)))
    deployment.result.expect(group, "2xx")
    deployment.result.expect(name, "2xx", "4xx", "429", "503")


async def abuse(server: DatabaseServer, plan: Plan, result: Result) -> None:
    """Run one flood after the other alongside valid requests."""
    async with server.deployment(result) as deployment:
        people = addresses("good", 20)
        await deployment.workload.seed(alone(people))
        strangers = addresses("never scored", STRANGERS)
        await deployment.workload.add_stamps(
            stamp(who, f"Provider{number}", [f"v0:{number}:{who}"])
            for who in strangers
            for number in range(STAMPS)
        )
        attacked, other = [await deployment.workload.add_partner() for _ in range(2)]
        prefix = attacked.partition(".")[0]

        def good() -> Iterator[Call]:
            for key in itertools.cycle((attacked, other)):
                yield deployment.workload.score(_RANDOM.choice(people), key=key)

        hostile = address("hostile")
        floods = {
            "wrong secrets": wrong(prefix, strangers),
            "nonces": nonces(),
            "garbage bodies": garbage(hostile),
            "garbage paths": paths(people),
        }
        calm = deployment.callers(CALLERS, "before", good(), plan.budget(500, 5), pause=0.02)
        await run_all(calm)
        result.note("before")
        for name, attacks in floods.items():
            await flood(deployment, name, attacks, good(), plan)
        for name in ("wrong secrets", "nonces"):
            tally = result.tallies[name]
            if tally.asked > UNLIMITED and not tally.counts["429"]:
                result.violations.append(f"{name}: none of {tally.asked:,} requests was limited")
        await slow_partners(deployment, people, plan)
        await huge(deployment, people, plan)
        result.done["requests"] = sum(each.asked for each in result.tallies.values())
        kept = await deployment.tables.value("SELECT count(*) FROM account_nonce")
        result.notes.append(f"{kept:,} nonces stored")
        await deployment.finish(left_out=[hostile, address("huge")])


async def huge(deployment: Deployment, people: list[str], plan: Plan) -> None:
    """Store numbers that expand in jsonb alongside valid requests."""
    longest = Longest()
    calls = huge_numbers(address("huge"), longest)
    (attacker,) = deployment.callers(1, "huge numbers", itertools.cycle(calls), Budget(4, 60))
    group = "innocents (huge numbers)"
    budget = Budget(1_000_000, 120)
    innocents = deployment.callers(
        CALLERS, group, deployment.workload.scores(people), budget, pause=0.02
    )
    async with asyncio.TaskGroup() as tasks:
        good = tasks.create_task(run_all(innocents))
        await attacker.run()
        budget.stop()
        await good
    deployment.result.expect(group, "2xx")
    deployment.result.note(group)
    deployment.result.expect("huge numbers", "2xx", "4xx")
    if longest.bytes > MOST_TIMES * longest.sent:
        deployment.result.violations.append(
            f"a response of {longest.bytes:,} bytes after {longest.sent:,} were stored"
        )


ABUSE = Scenario("abuse", "wrong secrets, nonces and garbage alongside valid requests", abuse)
