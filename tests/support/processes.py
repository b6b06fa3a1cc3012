"""Processes of `passport-scorer`: their environment, their start, and what they say."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from passport_scorer.tools.demo.world import DEMO_API_KEY, TRUSTED_ISSUERS

START_SECONDS = 60
# The variables that any process needs; no setting of the service leaks in.
PASSED_ON = ("PATH", "HOME", "PYTHONPATH", "LANG", "TMPDIR")
SERVING = {"TRUSTED_IAM_ISSUERS": json.dumps(sorted(TRUSTED_ISSUERS))}  # what `serve` needs
DEMO_ENVIRONMENT = {
    **SERVING,
    "DEMO_API_KEY": DEMO_API_KEY.key,
    "DEMO_API_KEY_ALIASES": '["demo"]',
    "DEMO_API_SCORER_ID": "1",
    "SHUTDOWN_DELAY_SECONDS": "0",  # no load balancer has to notice
    # All tests are one peer; those about the limits set them.
    "FAILED_CALLS_PER_MINUTE": "0",
    "ANONYMOUS_WRITES_PER_MINUTE": "0",
}
COMMAND = (sys.executable, "-m", "passport_scorer.cli")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process with these settings of the service."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**passed_on, **settings}


def launched(
    folder: Path, log: Path, arguments: Sequence[str], settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a process of `passport-scorer` whose standard error goes to a file."""
    with log.open("wb") as stderr:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=folder,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )


async def listening_port(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port that a service says it listens on, as soon as it says so."""
    deadline = time.monotonic() + START_SECONDS
    while (port := said_port(log)) is None:
        assert process.poll() is None, said(log)
        assert time.monotonic() < deadline, said(log)
        await asyncio.sleep(0.02)
    return port


def said_port(log: Path) -> int | None:
    """The port that the log names; None if it names none so far."""
    for line in said(log).splitlines(keepends=True):
        if line.endswith("\n") and '"listening"' in line:
            port: int = json.loads(line)["port"]
            return port
    return None


def said(log: Path) -> str:
    """Return the standard error output of a process."""
    return log.read_text()
