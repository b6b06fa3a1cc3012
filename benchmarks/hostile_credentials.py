"""`python -m benchmarks.hostile_credentials`: CPU time of verifying the worst documents."""

from __future__ import annotations

import json
import sys
import time
from statistics import median

import cyclopts
from rich.console import Console
from rich.table import Table

from passport_scorer.credentials.verifier import verify
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.ethereum.eip712 import _compiled_plan
from passport_scorer.ethereum.eip712_types import _hash_of_text
from tests.unit.credentials.hostile_documents import (
    ED25519,
    EIP712,
    NOW,
    HostileDocument,
    hostile_documents,
    ordinary,
)

WIDTH = 140

app = cyclopts.App(name="python -m benchmarks.hostile_credentials", version_flags=[])


@app.default
def main(*, rounds: int = 5, limit: float = 50.0, rows: int = 25) -> None:
    """Measure the verification of documents that are built to take as long as possible.

    Prints the CPU milliseconds of each document, the slowest first, after an ordinary
    stamp of each suite. Verification runs in the event loop, so this is how long one hostile stamp
    delays every other request of its process. Caches of the process (types, texts) are
    cleared before each round.

    Run it in the project's folder. The exit status is 1 if a document exceeds the limit. The tests
    bound the same documents by counting function calls, without a clock.

    Parameters
    ----------
    rounds
        The number of verifications per document; the median counts.
    limit
        The maximum milliseconds per document.
    rows
        The number of documents to print; 0 prints all.
    """
    usual = [HostileDocument(s, "ordinary", json.dumps(ordinary(s)).encode()) for s in _SUITES]
    for each in usual:
        measure(each, 1)  # imports and contexts are loaded once
    measured = sorted(
        (measure(hostile, rounds) for hostile in hostile_documents()),
        key=lambda row: row[0],
        reverse=True,
    )
    table = Table("ms", "suite", "document", "bytes", "verdict")
    for row in [measure(each, rounds) for each in usual] + measured[: rows or None]:
        milliseconds, document, verdict = row
        size = f"{len(document.text):,}"
        table.add_row(f"{milliseconds:.2f}", document.suite, document.name, size, verdict)
    Console(width=WIDTH, emoji=False, highlight=False, markup=False).print(table)
    slow = sum(milliseconds > limit for milliseconds, _, _ in measured)
    print(f"{slow} of {len(measured)} documents exceed {limit:g} ms.")
    sys.exit(1 if slow else 0)


_SUITES = (EIP712, ED25519)


def measure(document: HostileDocument, rounds: int) -> tuple[float, HostileDocument, str]:
    """Verify a document and return the median milliseconds of CPU, the document, the verdict."""
    spent = []
    for _ in range(rounds):
        _hash_of_text.cache_clear()
        _compiled_plan.cache_clear()
        verdict = "verified"
        begun = time.process_time()
        try:
            verify(document.text, NOW)
        except VerificationFailed as refusal:
            verdict = refusal.code
        spent.append((time.process_time() - begun) * 1000)
    return median(spent), document, verdict


if __name__ == "__main__":
    app()
