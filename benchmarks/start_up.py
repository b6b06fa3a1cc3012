"""Measures how long a fresh process takes: `serve` to a score, and a Lambda function.

Byte code exists, as in the container image and the zip for Lambda.

    .venv/bin/python -m benchmarks.start_up
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

import msgspec

from benchmarks import database
from benchmarks.processes import free_port
from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.db.schema import schema_sql
from passport_scorer.tools.demo.seed import seed
from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE, TRUSTED_ISSUERS
from passport_scorer.tools.embedded_postgres import EmbeddedServer

_TIMES = 9
_TOO_LONG = 30.0  # seconds
_DATABASE = "benchmark_start_up"
_ADDRESS = next(person.address for person in PEOPLE if person.name == "bob")
_SCORE = "0.72400"
_PATH = f"/v2/stamps/1/score/{_ADDRESS}"
_REQUEST = (
    f"GET {_PATH} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {DEMO_API_KEY.key}\r\n"
    "Connection: close\r\n\r\n"
).encode()
_EVENT = {
    "version": "2.0",
    "rawPath": _PATH,
    "rawQueryString": "",
    "headers": {"host": "localhost", "x-api-key": DEMO_API_KEY.key},
    "requestContext": {"http": {"method": "GET", "path": _PATH, "sourceIp": "127.0.0.1"}},
    "isBase64Encoded": False,
}
_IMPORT = """
import time
began = time.perf_counter()
import passport_scorer.aws_lambda
print(time.perf_counter() - began)
"""
# It ends as abruptly as a sandbox: what Python does at its end delays no answer.
_FIRST_EVENT = """
from passport_scorer.aws_lambda import handler
import json, os, sys
print(handler(json.loads(sys.argv[1]), None)["body"], flush=True)
os._exit(0)
"""


class WrongAnswer(Exception):
    """A fresh process did not answer with the score."""


class StartUp(msgspec.Struct, frozen=True):
    """Milliseconds that a fresh process takes, the median of several.

    Attributes:
        first_score_ms: from the start of `passport-scorer serve` to the last byte of a score.
        lambda_import_ms: importing the module of the Lambda handler, without Python's own start.
        lambda_first_event_ms: from the start of a sandbox's process to the answer of its first
            event, a score; the import is part of it.
    """

    first_score_ms: float
    lambda_import_ms: float
    lambda_first_event_ms: float


def measure_start_up(server: EmbeddedServer, times: int = _TIMES) -> StartUp:
    """Measure fresh processes, on a database of their own with the demo's data.

    Args:
        server: a running server.
        times: how often each is measured; the figures are medians.

    Raises:
        WrongAnswer: a process did not answer with the score.
    """
    with _demo_database(server) as url, tempfile.TemporaryDirectory() as folder:
        environment = _environment(url)
        first_score, imports, first_event = [], [], []
        for number in range(times + 1):
            measured = (
                _first_score(environment, Path(folder)),
                float(_python(_IMPORT, environment=environment).stdout) * 1000,
                _first_event(environment),
            )
            if number == 0:  # this one wrote byte code
                continue
            first_score.append(measured[0])
            imports.append(measured[1])
            first_event.append(measured[2])
    return StartUp(median(first_score), median(imports), median(first_event))


@contextmanager
def _demo_database(server: EmbeddedServer) -> Iterator[str]:
    asyncio.run(database.run(server.url, f"CREATE DATABASE {_DATABASE}"))
    try:
        url = server.url_of(_DATABASE)
        asyncio.run(_fill(url))
        yield url
    finally:
        asyncio.run(database.run(server.url, f"DROP DATABASE {_DATABASE} WITH (FORCE)"))


async def _fill(url: str) -> None:
    await database.run(url, schema_sql())
    filled = Database(DatabaseSettings(url))
    await filled.open()
    try:
        await seed(filled)
    finally:
        await filled.close()
    await database.run(url, "VACUUM (ANALYZE)")


def _environment(url: str) -> Mapping[str, str]:
    """Return the environment of a service with default settings."""
    passed_on = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    issuers = json.dumps(sorted(TRUSTED_ISSUERS))
    settings = {"DATABASE_URL": url, "TRUSTED_IAM_ISSUERS": issuers, "OTEL_ENABLED": "off"}
    return {**passed_on, **settings, "SHUTDOWN_DELAY_SECONDS": "0"}


def _first_score(environment: Mapping[str, str], folder: Path) -> float:
    port = free_port()
    command = [sys.executable, "-m", "passport_scorer.cli", "serve", "--port", str(port)]
    log = folder / "log"
    with log.open("wb") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stderr=errors, cwd=folder)
        try:
            answer = _asked(port, began + _TOO_LONG)
            took = time.perf_counter() - began
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
    _check(answer.rpartition(b"\r\n\r\n")[2], log.read_text())
    return took * 1000


def _asked(port: int, deadline: float) -> bytes:
    """Ask for a score as soon as something listens, and return the whole response."""
    while time.perf_counter() < deadline:
        with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(_REQUEST)
            return b"".join(iter(lambda: client.recv(65536), b""))
        time.sleep(0.001)
    return b""


def _first_event(environment: Mapping[str, str]) -> float:
    # This variable tells the function that it is in a sandbox.
    sandbox = {**environment, "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}
    began = time.perf_counter()
    done = _python(_FIRST_EVENT, json.dumps(_EVENT), environment=sandbox)
    took = time.perf_counter() - began
    _check(done.stdout, done.stderr.decode())
    return took * 1000


def _python(
    program: str, *arguments: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    command: Sequence[str] = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, check=True)


def _check(body: bytes, log: str) -> None:
    with suppress(ValueError):
        if json.loads(body).get("score") == _SCORE:
            return
    raise WrongAnswer(f"Expected the score {_SCORE}, got {body[:500]!r}. The log: {log[-500:]}")


def main() -> None:
    """Measure on a server of its own, and print the figures as JSON."""
    with tempfile.TemporaryDirectory(prefix="passport-scorer-benchmark-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL does not run as root, and needs access
        place = Path(folder) / "postgresql"
        with EmbeddedServer(place, shared=Path(folder) / "shared") as server:
            figures = measure_start_up(server)
    print(msgspec.json.format(msgspec.json.encode(figures)).decode())


if __name__ == "__main__":
    main()
