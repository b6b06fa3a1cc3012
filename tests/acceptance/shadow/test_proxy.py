"""`passport-scorer shadow proxy` in front of working and broken deployments."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import Awaitable, Callable
from contextlib import closing
from socket import create_connection
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from tests.acceptance.shadow.conftest import Faulty, Pair, Reply, Shadow

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Listening = Callable[[Serve], "AbstractAsyncContextManager[str]"]
ADA = PEOPLE[0].address
KEY = {"X-API-Key": DEMO_API_KEY.key}
SCORE = f"/v2/stamps/1/score/{ADA}"
NOBODY = "http://127.0.0.1:9"


def exchanged(port: int, data: bytes) -> bytes:
    """Send bytes, and return everything received, without times and ids."""
    received = b""
    with closing(create_connection(("127.0.0.1", port), timeout=30)) as connection:
        connection.sendall(data)
        while piece := connection.recv(65536):
            received += piece
    received = re.sub(rb"(?im)^(date|x-request-id|traceparent): .*$", rb"\1: *", received)
    return re.sub(rb"\d{4}-\d\d-\d\dT[0-9:.]+(?=\+00:00\",\"expiration)", b"*", received)


def raw(*requests: str, close: bool = True) -> bytes:
    """Return requests as bytes; the last one closes the connection."""
    heads = [
        f"{line} HTTP/1.1\r\nHost: example\r\nX-API-Key: {DEMO_API_KEY.key}" for line in requests
    ]
    end = "\r\nConnection: close\r\n\r\n" if close else "\r\n\r\n"
    return ("\r\n\r\n".join(heads) + end).encode()


RAW = {
    "a score": raw(f"GET {SCORE}"),
    "an error": raw("GET /v2/stamps/1/score/0xno"),
    "a head": raw(f"HEAD {SCORE}"),
    "several at once": raw("GET /health", "HEAD /health", "GET /nowhere", f"GET {SCORE}"),
    "an old version": b"GET /health HTTP/1.0\r\n\r\n",
    "no http at all": b"hello\r\n\r\n",
    "a preflight": b"OPTIONS /v2/stamps/metadata HTTP/1.1\r\nHost: x\r\nOrigin: https://a\r\n"
    b"Access-Control-Request-Method: GET\r\nConnection: close\r\n\r\n",
    "chunks": b"POST /internal/check-revocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"14\r\n{\"proof_values\":[\"a\"\r\n2\r\n]}\r\n0\r\n\r\n",
}  # fmt: skip


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept everything and never respond."""
    while await reader.read(65536):
        pass


async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Respond with garbage."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nno\x00")


async def compared(folder: Any, count: int) -> None:
    """Wait until this number of responses has been compared."""
    for _ in range(300):
        if (folder / "report.json").exists():
            report = json.loads((folder / "report.json").read_text())
            if report["compared"] >= count:
                return
        await asyncio.sleep(0.1)
    raise AssertionError("the report doesn't grow")


@pytest.mark.timeout(240)
async def test_clients_get_the_controls_bytes(
    pair: Pair, shadow: Shadow, patient: tuple[str, str]
) -> None:
    """The proxy passes on the control's responses byte for byte."""
    await pair.control.client.get(SCORE, headers=KEY)
    await pair.candidate.client.get(SCORE, headers=KEY)
    arguments = ("--control", pair.control.base_url, "--candidate", pair.candidate.base_url)
    async with shadow.proxy(*arguments, *patient) as proxy:
        for name, data in RAW.items():
            direct = await asyncio.to_thread(exchanged, pair.control.port, data)
            through = await asyncio.to_thread(exchanged, proxy.port, data)
            assert through == direct, name
            assert direct, name
        run = await proxy.stop()
    assert (run.status, run.classes) == (0, []), run.output + run.errors
    names = set(run.report["endpoints"])
    assert "GET /v2/stamps/{scorer_id}/score/{address}" in names
    assert "POST /internal/check-revocations" in names
    assert "Traceback" not in run.errors


@pytest.mark.timeout(240)
async def test_a_planted_fault_shows_in_the_report_alone(
    pair: Pair, shadow: Shadow, faulty: type[Faulty]
) -> None:
    """The client gets the control's response; the candidate's is in the report, without the key."""

    async def wrong(_path: str, _number: int, reply: Reply) -> Reply:
        document = json.loads(reply.body)
        return reply._replace(body=json.dumps(document | {"passing_score": False}).encode())

    async with faulty(pair.candidate, wrong).running() as candidate:
        arguments = ("--control", pair.control.base_url, "--candidate", candidate)
        async with shadow.proxy(*arguments) as proxy:
            async with httpx.AsyncClient(base_url=proxy.url, trust_env=False) as client:
                for _ in range(3):
                    answer = await client.get(SCORE, headers=KEY)
                    assert answer.json()["passing_score"] is True
            run = await proxy.stop()
    (found,) = run.report["unexplained"]
    assert (found["pattern"], found["severity"], found["count"]) == (
        "/passing_score",
        "dangerous",
        3,
    )
    page = (run.folder / "report.html").read_text()
    assert DEMO_API_KEY.key not in page + run.output + run.errors


@pytest.mark.timeout(240)
@pytest.mark.parametrize("candidate", ["dead", "silent", "broken"])
async def test_a_bad_candidate_never_shows(
    pair: Pair, shadow: Shadow, listening_on: Listening, candidate: str
) -> None:
    """Clients get all their responses, no matter what the candidate does."""
    serve = {"silent": silent, "broken": broken, "dead": broken}[candidate]
    async with listening_on(serve) as url:
        arguments = (
            *("--control", pair.control.base_url, "--timeout", "1"),
            *("--candidate", NOBODY if candidate == "dead" else url),
        )
        async with shadow.proxy(*arguments) as proxy:
            async with httpx.AsyncClient(base_url=proxy.url, trust_env=False) as client:
                answers = [await client.get("/health") for _ in range(40)]
            run = await proxy.stop()
    assert {answer.status_code for answer in answers} == {200}
    assert run.status == 1
    assert {kind for *_, kind in run.classes} == {"no_answer"}
    assert "Traceback" not in run.errors


@pytest.mark.timeout(240)
@pytest.mark.slow
async def test_what_does_not_fit_is_dropped_and_counted(
    pair: Pair, shadow: Shadow, listening_on: Listening
) -> None:
    """If the candidate hangs, copies wait in a bounded queue; further ones are counted."""
    hashes = [{"credentialSubject": {"id": f"did:x:{ADA}", "hash": "h" * 100}}] * 800
    body = json.dumps(hashes)
    async with listening_on(silent) as url:
        arguments = (
            *("--control", pair.control.base_url, "--candidate", url),
            *("--queue", "1", "--concurrency", "2", "--timeout", "20"),
        )
        async with shadow.proxy(*arguments) as proxy:
            async with httpx.AsyncClient(base_url=proxy.url, trust_env=False, timeout=30) as client:
                answers = [
                    await client.post(
                        "/internal/check-bans",
                        content=body,
                        headers={"Content-Type": "application/json"},
                    )
                    for _ in range(20)
                ]
            run = await proxy.stop()
    assert {answer.status_code for answer in answers} == {200}
    dropped = run.report["notes"]["not mirrored: queue full"]
    assert 10 <= dropped < 20
    notes = run.report["notes"]
    waiting = notes["queued, but not sent before the end"]
    assert notes["mirrored"] == run.report["compared"] + waiting == 20 - dropped


async def test_only_reads_are_copied(pair: Pair, shadow: Shadow, faulty: type[Faulty]) -> None:
    """The candidate gets writes only if that is requested and confirmed."""
    heard: list[str] = []

    async def listen(path: str, _number: int, reply: Reply) -> Reply:
        heard.append(path)
        return reply

    async with faulty(pair.candidate, listen).running() as candidate:
        arguments = ("--control", pair.control.base_url, "--candidate", candidate)
        refused = await shadow.run("proxy", *arguments, "--writes", "--port", "0")
        assert refused.status == 2
        assert "--candidate-has-its-own-database" in refused.errors
        for more in ((), ("--writes", "--candidate-has-its-own-database")):
            async with shadow.proxy(*arguments, *more) as proxy:
                async with httpx.AsyncClient(base_url=proxy.url, trust_env=False) as client:
                    await client.get("/health")
                    await client.request("DELETE", "/ceramic-cache/stamps/bulk", json=[])
                    await client.post("/internal/check-revocations", json={"proof_values": []})
                run = await proxy.stop()
            assert run.status == 0, run.output
            assert len(heard) == (3 if more else 2)
            heard.clear()


async def test_the_sample_and_the_rate(pair: Pair, shadow: Shadow) -> None:
    """Copies stay within the given share and the given rate; the rest is counted."""
    arguments = ("--control", pair.control.base_url, "--candidate", pair.candidate.base_url)
    async with shadow.proxy(*arguments, "--sample", "0.5", "--rate", "1") as proxy:
        async with httpx.AsyncClient(base_url=proxy.url, trust_env=False) as client:
            for _ in range(60):
                assert (await client.get("/health")).status_code == 200
        run = await proxy.stop()
    notes = run.report["notes"]
    assert notes["not mirrored: not in the sample"] > 5
    assert notes["not mirrored: above --rate"] > 5
    assert notes["mirrored"] == run.report["compared"]
    assert sum(notes.values()) == 60


async def test_the_control_is_gone(shadow: Shadow) -> None:
    """Without a control, clients get what they would get without a proxy: no response."""
    async with shadow.proxy("--control", NOBODY, "--candidate", NOBODY) as proxy:
        async with httpx.AsyncClient(base_url=proxy.url, trust_env=False) as client:
            with pytest.raises(httpx.TransportError):
                await client.get("/health")
        run = await proxy.stop()
    assert run.report["compared"] == 0


async def test_the_watching_process_is_killed(pair: Pair, shadow: Shadow) -> None:
    """Clients do not notice if the comparing process has died."""
    arguments = ("--control", pair.control.base_url, "--candidate", pair.candidate.base_url)
    async with shadow.proxy(*arguments) as proxy:
        async with httpx.AsyncClient(base_url=proxy.url, trust_env=False) as client:
            assert (await client.get("/health")).status_code == 200
            proxy.signal_mirror_process(signal.SIGKILL)
            for _ in range(5):
                assert (await client.get("/health")).status_code == 200
        run = await proxy.stop()
    assert run.status == 1
    assert "requests are no longer compared" in run.errors
