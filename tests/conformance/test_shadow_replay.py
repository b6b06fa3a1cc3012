"""The recorded exchanges of a reference deployment, through `passport-scorer shadow replay`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.recordings import GOLDEN

from .test_golden import kit, reference_settings, service, serving

# Known deviations of a reference deployment from the specification.
NAMED = {
    "existing-next",
    "existing-prev",
    "existing-reasons-of-422",
    "existing-token-sentences",
    "existing-unknown-scorers",
}
# Differences between any two deployments.
OF_ANY_TWO = {
    "enclosed-score-computed-at",
    "history-computed-at",
    "issued-nonces",
    "issued-tokens",
    "score-computed-at",
}
# Orders that the rules leave open, which can match the recorded ones by chance.
OF_CHANCE = {
    "embed-stamps-in-any-order",
    "existing-stamps-in-any-order",
    "legacy-stakes-in-any-order",
    "stakes-in-any-order",
}


@pytest.mark.timeout(300)
def test_nothing_unexplained_differs(reference_database_url: str, tmp_path: Path) -> None:
    """Every recorded response is reproduced, including writes; differences have named rules."""
    with serving(GOLDEN) as catalogue:
        log = kit(tmp_path, catalogue) / "exchanges.jsonl"
        environ = reference_settings() | {
            "DATABASE_URL": reference_database_url,
            "PASSPORT_PUBLIC_URL": catalogue,
        }
        with service(environ, tmp_path) as (public, internal):
            replay = subprocess.run(
                [
                    *(sys.executable, "-m", "passport_scorer.cli", "shadow", "replay", str(log)),
                    *("--candidate", public, "--candidate-internal", internal),
                    *("--rules", "existing-deployment", "--writes", "--databases-are-copies"),
                ],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
    assert replay.returncode == 0, replay.stdout + replay.stderr
    report = json.loads((tmp_path / "shadow-report" / "report.json").read_text())
    assert report["compared"] == len(log.read_text().splitlines())
    assert (report["same"], report["unexplained"]) == (True, [])
    assert (report["notes"], report["cautions"]) == ({}, [])
    matched = {rule["name"] for rule in report["rules"] if rule["count"]}
    assert matched - OF_CHANCE == NAMED | OF_ANY_TWO
