"""Measures imports: of the server, and of a Lambda function before and after.

Before: as if it imported at start the modules that it now imports at first use.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median

from benchmarks.results import Imports

SERVER = "passport_scorer.cli.serve"
LAMBDA = "passport_scorer.aws_lambda"
# Modules that src/ imports inside functions, and that Lambda can need.
LATER = (
    "botocore.session, httpx, joserfc.jwt, opentelemetry.sdk.trace.export, prometheus_client,"
    " pyld.jsonld, redis.asyncio, cryptography.hazmat.primitives.serialization,"
    " cryptography.hazmat.primitives.asymmetric.ed25519, passport_scorer.api.internal.routes,"
    " opentelemetry.exporter.otlp.proto.http.trace_exporter"
)
_TIMES = 3
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def measure_imports() -> list[Imports]:
    """Measure the server, and the Lambda entry: with all lazy imports, and as it is."""
    return [
        _measured(SERVER, SERVER),
        _measured(f"{LAMBDA} with all lazy imports", f"{LAMBDA}, {LATER}"),
        _measured(LAMBDA, LAMBDA),
    ]


def _measured(what: str, modules: str) -> Imports:
    import_them = f"import {modules}"
    nothing = sum(_own_times("pass").values())
    runs = [_own_times(import_them) for _ in range(_TIMES)]
    middle = sorted(runs, key=lambda times: sum(times.values()))[len(runs) // 2]
    largest = sorted(middle.items(), key=lambda item: -item[1])[:10]
    wall = median(_wall(import_them) - _wall("pass") for _ in range(_TIMES))
    return Imports(what, sum(middle.values()) - nothing, wall, dict(largest))


def _own_times(program: str) -> dict[str, float]:
    """Return module -> its own milliseconds, without the modules it imports."""
    said = _python(["-X", "importtime", "-c", program])
    return {module: int(own) / 1000 for own, module in _LINE.findall(said)}


def _wall(program: str) -> float:
    began = time.perf_counter()
    _python(["-c", program])
    return (time.perf_counter() - began) * 1000


def _python(arguments: Sequence[str]) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr
