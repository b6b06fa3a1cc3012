"""The load: each connection sends the next request as soon as it has a response.

Uses wrk if it is installed, otherwise `load_in_python`, which takes so much CPU
that its numbers are not comparable with those of wrk; the report names the generator.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from benchmarks.stamps import address_of
from passport_scorer.tools.demo.world import DEMO_API_KEY, DEMO_SCORER_ID

SCORE_PATH = f"/v2/stamps/{DEMO_SCORER_ID}/score/"
_LUA = Path(__file__).with_name("load.lua")
_DECODER = msgspec.json.Decoder


class LoadFailed(Exception):
    """Requests failed, or were not sent: the measurement is meaningless."""


class LoadResult(msgspec.Struct, frozen=True):
    """The result of a load.

    Attributes:
        requests: the number of responses.
        seconds: the duration.
        p50_ms: the median latency.
        p99_ms: the 99th percentile of the latencies.
        errors: requests without a 2xx response.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int


class Load(msgspec.Struct, frozen=True):
    """Requests for the scores of a list of addresses.

    Attributes:
        url: the URL of the service.
        addresses: a file with one address per line.
    """

    url: str
    addresses: Path

    def send(
        self,
        connections: int,
        seconds: float,
        order: Literal["random", "sequence"] = "random",
        start: int | None = None,
    ) -> LoadResult:
        """Keep connections busy for a while.

        Args:
            connections: their number.
            seconds: the duration; wrk supports whole seconds.
            order: addresses at random, or one after another.
            start: the start of the sequence, or the seed.

        Raises:
            LoadFailed: there was an error.
        """
        start = random.randrange(1 << 30) if start is None else start
        arguments = [
            str(self.addresses), SCORE_PATH, DEMO_API_KEY.key, order, str(start)
        ]  # fmt: skip
        command = _command(self.url, connections, seconds) + arguments
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LoadFailed(done.stderr[-500:])
        result = msgspec.json.decode(done.stdout.splitlines()[-1], type=LoadResult)
        if result.errors or not result.requests:
            raise LoadFailed(f"{result.errors} of {result.requests} requests failed.")
        return result


def write_addresses(path: Path, numbers: Iterable[int]) -> Path:
    """Write the addresses to request."""
    path.write_text("".join(f"{address_of(number)}\n" for number in numbers))
    return path


def generator() -> str:
    """Return the name of the load generator."""
    if not shutil.which("wrk"):
        return "a Python client, which uses a large share of the CPU (wrk is not installed)"
    said = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\d+\.\d+\.\d+", said.stdout)
    return f"wrk {version[0] if version else ''}".strip()


def _command(url: str, connections: int, seconds: float) -> list[str]:
    if shutil.which("wrk"):
        options = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
        return ["wrk", *options, "--script", str(_LUA), url, "--"]
    return [sys.executable, "-m", "benchmarks.load_in_python", url, str(connections), str(seconds)]
