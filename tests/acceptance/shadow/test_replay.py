"""`passport-scorer shadow replay`, with two deployments."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE

if TYPE_CHECKING:
    from tests.acceptance.shadow.conftest import Faulty, Pair, Reply, Run, Shadow

LogOf = Callable[[Sequence[dict[str, Any]]], str]
SCORE = "GET /v2/stamps/{scorer_id}/score/{address}"
LISTING = "GET /v2/stamps/{address}"
ADA, CLEO = PEOPLE[0].address, PEOPLE[2].address


def a_score_of(who: str, path: str) -> bool:
    """Return whether a path requests a score."""
    return path.startswith("/v2/stamps/1/score/") and who in path


async def another_status(path: str, _number: int, reply: Reply) -> Reply:
    """Make scoring of one address fail."""
    return reply._replace(status=500) if a_score_of(CLEO, path) else reply


async def another_header(path: str, _number: int, reply: Reply) -> Reply:
    """Change the content type of one response."""
    headers = [(n, "text/plain" if n == "content-type" else v) for n, v in reply.headers]
    return reply._replace(headers=headers) if a_score_of(CLEO, path) else reply


async def another_leaf(path: str, _number: int, reply: Reply) -> Reply:
    """Change one number of one stamp."""
    if not a_score_of(ADA, path) or reply.status != 200:
        return reply
    document = json.loads(reply.body)
    document["stamps"]["Google"]["score"] = "0.52501"
    return reply._replace(body=json.dumps(document).encode())


async def another_order(path: str, _number: int, reply: Reply) -> Reply:
    """Reverse one list of stamps."""
    if not path.startswith(f"/v2/stamps/{CLEO}"):
        return reply
    document = json.loads(reply.body)
    document["items"].reverse()
    return reply._replace(body=json.dumps(document).encode())


async def another_byte(path: str, _number: int, reply: Reply) -> Reply:
    """Change one character of one signature."""
    if not path.startswith(f"/v2/stamps/{CLEO}"):
        return reply
    document = json.loads(reply.body)
    proof = document["items"][0]["credential"]["proof"]
    proof["proofValue"] = proof["proofValue"][:-1] + (
        "0" if proof["proofValue"][-1] != "0" else "1"
    )
    return reply._replace(body=json.dumps(document).encode())


PLANTED = [
    (another_status, (SCORE, "status", "", "value"), "dangerous"),
    (another_header, (SCORE, "header", "/content-type", "value"), "notable"),
    (another_leaf, (SCORE, "body", "/stamps/*/score", "value"), "dangerous"),
    (another_order, (LISTING, "body", "/items", "order"), "notable"),
    (
        another_byte,
        (LISTING, "body", "/items/*/credential/proof/proofValue", "value"),
        "dangerous",
    ),
]


def arguments(log: str, control: str, candidate: str) -> list[str]:
    """Return the command line."""
    return ["replay", log, "--control", control, "--candidate", candidate]


def shows_no_secret(run: Run) -> bool:
    """Return whether report and output are free of the keys in the log."""
    texts = [run.output, run.errors]
    texts += [file.read_text() for file in run.folder.iterdir()]
    secrets = (DEMO_API_KEY.key, "wrong-secret-in-a-log")
    return not any(secret in text for secret in secrets for text in texts)


@pytest.mark.timeout(300)
async def test_planted_faults(
    pair: Pair,
    shadow: Shadow,
    faulty: type[Faulty],
    log_of: LogOf,
    traffic: list[dict[str, Any]],
    patient: tuple[str, str],
) -> None:
    """Equal deployments do not differ; each planted fault is found and named, and nothing else."""
    log = log_of(traffic)
    # In order: of two addresses with the same nullifier, the one scored first has the claim.
    same = await shadow.run(
        *arguments(log, pair.control.base_url, pair.candidate.base_url),
        *("--concurrency", "1", *patient),
    )
    assert (same.status, same.classes) == (0, []), same.output
    assert same.report["compared"] == len(traffic)
    never = {rule["name"] for rule in same.report["rules"] if not rule["count"]}
    assert "issued-tokens" in never
    assert "score-computed-at" not in never
    assert shows_no_secret(same)
    for fault, expected, severity in PLANTED:
        async with faulty(pair.candidate, fault).running() as candidate:
            run = await shadow.run(*arguments(log, pair.control.base_url, candidate), *patient)
        assert (run.status, run.classes) == (1, [expected]), (fault, run.output)
        (found,) = run.report["unexplained"]
        assert (found["exchanges"], found["severity"]) == (1, severity)
        assert run.report["first_difference"] == found["examples"][0]
        assert shows_no_secret(run)
        assert "Traceback" not in run.errors


@pytest.mark.timeout(300)
@pytest.mark.slow
async def test_some_slow_answers(
    pair: Pair, shadow: Shadow, faulty: type[Faulty], log_of: LogOf, tmp_path: Path
) -> None:
    """If one response in twenty is slow, this is found, and nothing else.

    The delay is longer than any that a busy machine causes for the others.
    """
    rules = tmp_path / "slowness.toml"
    rules.write_text("[slowness]\nseconds = 5.0\n")

    async def slow(_path: str, number: int, reply: Reply) -> Reply:
        if number % 20 == 10:
            await asyncio.sleep(6)
        return reply

    log = log_of([{"method": "GET", "path": "/health"}] * 240)
    async with faulty(pair.candidate, slow).running() as candidate:
        run = await shadow.run(
            *arguments(log, pair.control.base_url, candidate),
            *("--concurrency", "6", "--rules", str(rules)),
        )
    assert (run.status, run.errors.count("Traceback")) == (1, 0), run.errors
    assert run.classes == [("GET /health", "latency", "", "slower")]
    assert run.report["unexplained"][0]["exchanges"] == 12
    assert run.report["different"] == 0


async def test_a_candidate_that_is_not_there(
    pair: Pair, shadow: Shadow, log_of: LogOf, traffic: list[dict[str, Any]]
) -> None:
    """Missing responses are dangerous differences."""
    log = log_of(traffic[:4])
    run = await shadow.run(*arguments(log, pair.control.base_url, "http://127.0.0.1:9"))
    assert run.status == 1
    assert {kind for *_, kind in run.classes} == {"no_answer"}


async def test_recorded_answers(
    pair: Pair, shadow: Shadow, log_of: LogOf, traffic: list[dict[str, Any]]
) -> None:
    """Without a control, the candidate is compared with the responses in the log."""
    recorded = []
    for line in traffic[:8]:
        answer = await pair.control.client.get(line["path"], headers=line["headers"])
        recorded.append({**line, "status": answer.status_code, "answer": answer.json()})
    recorded[0]["answer"]["threshold"] = "7.00000"
    log = log_of([*recorded, traffic[0]])
    run = await shadow.run("replay", log, "--candidate", pair.candidate.base_url)
    assert (run.status, run.classes) == (1, [(SCORE, "body", "/threshold", "value")])
    assert run.report["compared"] == 8
    assert sum(run.report["notes"].values()) == 1


async def unchanged(_path: str, _number: int, reply: Reply) -> Reply:
    """Forward the reply unchanged."""
    return reply


async def test_stopping_and_going_on(
    pair: Pair,
    shadow: Shadow,
    faulty: type[Faulty],
    log_of: LogOf,
    patient: tuple[str, str],
) -> None:
    """Ctrl-C leaves a partial report; `--resume` then compares each request exactly once."""
    log = log_of([{"method": "GET", "path": "/health"}] * 400)
    between = faulty(pair.candidate, unchanged)
    async with between.running() as candidate:
        command = [*arguments(log, pair.control.base_url, candidate), *patient]
        process = await shadow.start(*command, "--rate", "40")
        while between.requests < 20:
            assert process.returncode is None
            await asyncio.sleep(0.02)
        process.send_signal(signal.SIGINT)
        stopped = await shadow.end(process)
        done = stopped.report["compared"]
        assert stopped.status == 130, stopped.errors
        assert 0 < done < 400
        assert not stopped.report["about"]["complete"]
        assert "Stopped before the end" in (stopped.folder / "report.html").read_text()
        resumed = await shadow.run(*command, "--resume")
        assert (resumed.status, resumed.report["compared"]) == (0, 400), resumed.errors
        again = await shadow.run(*command, "--resume")
        assert again.report["compared"] == 400


async def test_writes_are_not_sent(pair: Pair, shadow: Shadow, log_of: LogOf) -> None:
    """Writes are counted and not sent, unless that is requested and confirmed."""
    log = log_of([{"method": "DELETE", "path": "/ceramic-cache/stamps/bulk", "body": []}])
    command = arguments(log, pair.control.base_url, pair.candidate.base_url)
    kept = await shadow.run(*command)
    assert (kept.status, kept.report["compared"]) == (1, 0)
    refused = await shadow.run(*command, "--writes")
    assert refused.status == 2
    assert "--databases-are-copies" in refused.errors
    sent = await shadow.run(*command, "--writes", "--databases-are-copies")
    assert (sent.status, sent.report["compared"]) == (0, 1)


async def test_access_logs(pair: Pair, shadow: Shadow) -> None:
    """Logs of load balancers and web servers are supported; keys come from the environment."""
    balancer = (
        "https 2026-11-24T03:00:00.000000Z app/lb/1 192.0.2.1:2817 10.0.0.1:80 0.1 0.2 0.0 200 200"
        f' 34 366 "GET https://scorer.example:443/v2/stamps/1/score/{ADA} HTTP/2.0" "curl" - - '
        'arn:aws:x "Root=1" "-" "-" 0 2026-11-24T03:00:00.000000Z "forward" "-" "-" "-" "200"\n'
    )
    web = {"@timestamp": "2026-11-24T03:00:00Z", "request": f"GET /v2/stamps/{ADA} HTTP/1.1"}
    for name, text in (("balancer.log", balancer), ("web.log", json.dumps(web) + "\n")):
        (shadow.folder / name).write_text(text)
        run = await shadow.run(
            *arguments(name, pair.control.base_url, pair.candidate.base_url),
            *("--header", "X-API-Key=SHADOW_KEY"),
            SHADOW_KEY=DEMO_API_KEY.key,
        )
        assert (run.status, run.report["compared"]) == (0, 1), run.errors
        assert run.report["began"]
        assert shows_no_secret(run)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (["nowhere.jsonl", "--candidate", "http://x"], "nowhere.jsonl"),
        (["log", "--candidate", "x"], "--candidate"),
        (["log", "--candidate", "http://user:password@x"], "--candidate"),
        (["log", "--candidate", "http://x", "--rate", "0"], "--rate"),
        (["log", "--candidate", "http://x", "--rules", "none.toml"], "none.toml"),
        (["log", "--candidate", "http://x", "--header", "X-API-Key=NOT_SET"], "--header"),
        (["log", "--candidate", "http://x", "--resume"], "No replay"),
        (["bad", "--candidate", "http://x"], "--format"),
    ],
)
async def test_wrong_options(shadow: Shadow, wrong: list[str], sentence: str) -> None:
    """Unusable input is reported in one line without a password, and nothing is sent."""
    (shadow.folder / "log").write_text('{"method": "GET", "path": "/health"}\n')
    (shadow.folder / "bad").write_text("hello\n")
    run = await shadow.run("replay", *wrong)
    assert run.status == 2, run.errors
    (line,) = run.errors.splitlines()
    assert re.search(sentence, line)
    assert "password" not in line
